"""Input files that cannot be used."""

from pathlib import Path

from onnxport.errors import UserError


class InputUnreadable(UserError):
    """There is no such input file, or the operating system refuses it."""

    code = "input_unreadable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the input {str(path)!r} cannot be read: {why}", "Check the path.")


class UnusableInput(UserError):
    """An input file whose content does not fit the model."""

    code = "unusable_input"

    def __init__(self, path: Path, why: str, remedy: str | None = None) -> None:
        super().__init__(
            f"the input {str(path)!r} cannot be used: {why}",
            remedy
            or "Give a .json body, a .npy array, a .npz with the inputs' names, a .csv table or a picture.",
        )
