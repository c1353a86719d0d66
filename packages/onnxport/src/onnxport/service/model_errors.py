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
