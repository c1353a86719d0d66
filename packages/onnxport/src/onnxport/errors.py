"""The tree of errors.

    OnnxportError
    ├── UserError        the person can mend it: bad input, not found, conflict, unsupported (exit 1)
    └── PlatformError    the machine or a service failed: disk, database, process (exit 3)

Each situation has its own class, next to the code that raises it, built from fields; its `code` is stable and its `remedy` says
what to do next. Messages never hold payloads or secrets.
"""

from typing import ClassVar


class OnnxportError(Exception):
    """Base of everything that onnxport raises on purpose.

    Args:
        message: what happened and why, one sentence, without a full stop.
        remedy: what to do next, imperative; may hold a command.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        """Keep message and remedy across processes, whatever a subclass's constructor takes."""
        return _rebuild, (type(self), self.message, self.remedy)


class UserError(OnnxportError):
    """The person can mend it. Exit code 1."""

    code = "user_error"


class PlatformError(OnnxportError):
    """The machine or a service failed. Exit code 3."""

    code = "platform_error"


class DiskUnwritable(PlatformError):
    """A file could not be written because its disk is full or read-only."""

    code = "disk_unwritable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path or 'a file'} cannot be written: {reason}",
            "Free some space there, or choose a workspace on another disk with --workspace.",
        )


def _rebuild(kind: type[OnnxportError], message: str, remedy: str) -> OnnxportError:
    error = kind.__new__(kind)
    OnnxportError.__init__(error, message, remedy)
    return error
