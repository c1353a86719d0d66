"""Why the script of a revision cannot serve."""

from __future__ import annotations

from dataclasses import dataclass

from onnxport_serve.errors import LoadError

_MEND = (
    "Mend the script; `onnxport script run` runs it in this terminal, with a debugger if you like."
)
_READ_LOG = (
    "Read the log of the endpoint, or run the script in a terminal with `onnxport script run`."
)
_REMEDY = {
    "environment_unusable": "Build the environment again: deploy once more, or start the endpoint with `onnxport up`.",
    "worker_died": _READ_LOG,
    "memory_limit": "Deploy it with a larger --memory, or load less in init().",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A stable slug, one sentence, and the traceback in the user's code where an exception is the reason."""

    code: str
    message: str
    trace: str = ""

    def as_error(self) -> LoadError:
        """The error that the load of the revision ends with; the traceback belongs to the message, for it names the line."""
        message = f"{self.message}\n{self.trace}" if self.trace else self.message
        known = _REMEDY.get(self.code)
        return LoadError(self.code, message, known or _MEND, says_all=known is None)


def start_failure(error: OSError) -> Failure:
    """The interpreter cannot be started."""
    reason = f"the interpreter of its environment cannot be started ({error.strerror})"
    return Failure("environment_unusable", reason)


def unanswered(error: Exception) -> LoadError:
    """No answer came to the sample."""
    return LoadError("sample_unanswered", str(error), _READ_LOG)
