"""Files that cannot be inspected or served, as errors that say what they are and what to do.

UserError
├── ModelFileMissing, ModelFileUnreadable, NotARegularFile, EmptyModelFile
├── NoModelInFolder, SeveralModelsInFolder
├── GitLfsPointer, NotAnOnnxModel, CorruptModel, ModelTooLarge
├── InspectionStopped        the child process ran out of time or memory, or crashed
└── ModelRefused             it was read, and holds an error
"""

from pathlib import Path

from onnxport.errors import PlatformError, UserError
from onnxport.inspect.finding import Finding


def show_path(path: Path) -> str:
    """A path as one printable line."""
    text = str(path)
    return text if text.isprintable() else repr(text)


class ModelFileMissing(UserError):
    """There is no such file."""

    code = "model_file_missing"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no file {show_path(path)}",
            "Check the path; models in the registry are named models:/NAME.",
        )


class ModelFileUnreadable(UserError):
    """The operating system refuses to open the file."""

    code = "model_file_unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{show_path(path)} cannot be read: {reason}",
            "Check the permissions of the file and of the folders above it.",
        )


class NotARegularFile(UserError):
    """A device, a named pipe or a socket."""

    code = "not_a_regular_file"

    def __init__(self, path: Path, kind: str) -> None:
        super().__init__(
            f"{show_path(path)} is {kind}, not a file", "Give the path of a file or of a folder."
        )


class EmptyModelFile(UserError):
    """No bytes."""

    code = "empty_model_file"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{show_path(path)} is empty", "Copy or download the file again, or export it again."
        )


class NoModelInFolder(UserError):
    """A folder without an ONNX file."""

    code = "no_model_in_folder"

    def __init__(self, path: Path, hint: str) -> None:
        super().__init__(f"the folder {show_path(path)} holds no .onnx file", hint)


class SeveralModelsInFolder(UserError):
    """A folder with more than one ONNX file."""

    code = "several_models_in_folder"

    def __init__(self, path: Path, names: list[str]) -> None:
        super().__init__(
            f"the folder {show_path(path)} holds several ONNX files: {', '.join(names)}",
            f"Name the one you mean, for example {show_path(path / names[0])}.",
        )


class GitLfsPointer(UserError):
    """The text that Git keeps in place of a large file."""

    code = "git_lfs_pointer"

    def __init__(self, path: Path, size: int | None) -> None:
        wanted = "" if size is None else f" of {size:,} bytes"
        super().__init__(
            f"{show_path(path)} is a Git LFS pointer, not the model{wanted} it stands for",
            "Fetch the model in the repository it came from: git lfs install && git lfs pull",
        )


class NotAnOnnxModel(UserError):
    """A file of another kind."""

    code = "not_an_onnx_model"

    def __init__(self, path: Path, what: str, hint: str) -> None:
        super().__init__(f"{show_path(path)} is not an ONNX model: it is {what}", hint)


class CorruptModel(UserError):
    """It starts like an ONNX model and cannot be read as one."""

    code = "corrupt_model"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{show_path(path)} cannot be read as an ONNX model: {why}",
            "Copy or download the file again, or export it again.",
        )


class ModelTooLarge(UserError):
    """One protobuf file cannot be larger than 2 GiB."""

    code = "model_too_large"

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(
            f"{show_path(path)} has {size:,} bytes; one ONNX file cannot be larger than 2 GiB",
            "Save the model with its weights in a file beside it: "
            "onnx.save_model(model, 'model.onnx', save_as_external_data=True).",
        )


class InspectionStopped(UserError):
    """The process that read the file was stopped by a limit or died; onnxport itself is unharmed."""

    code = "inspection_stopped"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"reading {show_path(path)} {why}",
            "The file is damaged, or not what it claims to be; export it again.",
        )


class InspectionBroken(PlatformError):
    """The process that reads files does not work on this machine."""

    code = "inspection_broken"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the process that looks into models failed: {why}",
            "Reinstall onnxport, and report this if it stays.",
        )


class ModelRefused(UserError):
    """The model was read, and holds an error that keeps it from being served."""

    code = "model_refused"

    def __init__(self, path: Path, errors: tuple[Finding, ...]) -> None:
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{show_path(path)} cannot be served: {first.what}{more}", first.fix)
        self.findings = errors
