"""What can go wrong when models are registered and downloaded."""

from pathlib import Path

from onnxport.errors import UserError


class SourceMissing(UserError):
    """There is nothing at the path."""

    code = "model_path_missing"

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no file or folder {path}", "Check the path.")


class SourceUnsuitable(UserError):
    """A folder holds something that cannot be part of a model."""

    code = "source_unsuitable"

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"{str(path)!r} {why}", remedy)


class SourceChanged(UserError):
    """A file was written to while it was read."""

    code = "source_changed"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} changed while it was being registered; nothing was registered",
            "Wait until it is written, then register it again.",
        )


class SourceNotProven(UserError):
    """A file that a model is said to be converted from, and its proof is not of that."""

    code = "source_not_proven"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the model has no proof that it was converted from {path} as it is now; nothing was registered",
            "Convert it again, or register the model without naming what it was converted from.",
        )


class UnprovenModel(UserError):
    """A model whose conversion is not shown to predict the same."""

    code = "unproven_model"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"the conversion of '{name}' is not proven: {reason}",
            "Convert it again with real inputs (--sample), or take the risk with --allow-unproven.",
        )


class NoSource(UserError):
    """A version whose original model file is asked for and was not kept."""

    code = "no_source"

    def __init__(self, reference: object) -> None:
        super().__init__(
            f"{reference} has no file that it was converted from",
            "Download the model itself, without --source.",
        )


class ProofUnusable(UserError):
    """A proof cannot be read, or proves other bytes."""

    code = "proof_unusable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the proof {path} {why}; nothing was registered",
            "Convert the model again to get a new proof, or move the proof away to register the model without one.",
        )


class InvalidLabel(UserError):
    """A tag, a property or a description that cannot be kept."""

    code = "invalid_label"

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(
            f"the {kind} {why}",
            "Use keys of 1 to 255 printable characters and values of Unicode text.",
        )


class DestinationTaken(UserError):
    """A download or an export would overwrite something."""

    code = "destination_taken"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} exists already, and nothing is overwritten",
            "Name a place where nothing is yet, or move it away.",
        )


class DestinationUnusable(UserError):
    """A download or an export cannot be written there."""

    code = "destination_unusable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be written: {reason}", "Name a folder that you may write.")
