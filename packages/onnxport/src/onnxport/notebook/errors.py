"""What can go wrong with notebooks, as people meet it."""

from collections.abc import Sequence
from pathlib import Path

from onnxport.errors import PlatformError, UserError


class NotebookUnreadable(UserError):
    """A file that is no notebook, or cannot be read."""

    code = "notebook_unreadable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the notebook {path} cannot be read: {why}",
            "Name a notebook file (.ipynb) as Jupyter saves it.",
        )


class NotebookFormatUnsupported(UserError):
    """A notebook of a format before 4, or after it."""

    code = "notebook_format_unsupported"

    def __init__(self, path: Path, stated: object) -> None:
        super().__init__(
            f"the notebook {path} is in format {str(stated)[:20]}; format 4 can be run",
            f"Convert it: uvx --from nbconvert jupyter-nbconvert --to notebook --nbformat 4 {path}",
        )


class NotebookLanguageUnsupported(UserError):
    """A notebook in another language than Python."""

    code = "notebook_language_unsupported"

    def __init__(self, path: Path, language: str) -> None:
        super().__init__(
            f"the notebook {path} is written in {language[:40]!r}",
            "Only notebooks in Python can be run.",
        )


class OutputUnusable(UserError):
    """The file that a finished notebook is to be written to cannot be that."""

    code = "output_unusable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the finished notebook cannot be written to {path}: {why}",
            "Name another file with --output.",
        )


class NameInvalid(UserError):
    """A name that is given to a notebook is none of Python's."""

    code = "name_invalid"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:80]!r} is not a name that a notebook can use",
            "Give --set NAME=VALUE, for example --set your_test_image=digit.png",
        )


class NotebookFailed(UserError):
    """Cells of a notebook that raised."""

    code = "notebook_failed"

    def __init__(self, path: Path, cells: Sequence[int], summary: str, remedy: str) -> None:
        numbers = ", ".join(str(number) for number in cells)
        which = f"cell {numbers}" if len(cells) == 1 else f"cells {numbers}"
        super().__init__(f"{which} of {path} failed: {summary}", remedy)


class KernelUnusable(PlatformError):
    """The kernel of a notebook did not start, or the program that runs it ended."""

    code = "kernel_unusable"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the kernel of the notebook cannot be used: {why}",
            "Try again; where it stays so, name packages that fit together with --env FILE.",
        )
