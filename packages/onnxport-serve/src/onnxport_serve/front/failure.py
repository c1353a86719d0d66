"""What a front reports to the supervisor when something does not work."""

from typing import Any

from onnxport_serve.documents import BundleError, DocumentError
from onnxport_serve.errors import LoadError


def known_failure(error: LoadError | BundleError | DocumentError) -> dict[str, Any]:
    """The fields of a failure that was foreseen."""
    says_all = isinstance(error, LoadError) and error.says_all
    return {
        "code": error.code,
        "message": error.message,
        "remedy": error.remedy,
        "says_all": says_all,
    }


def memory_failure() -> dict[str, str]:
    """The fields of a failure for want of memory."""
    return {
        "code": "not_enough_memory",
        "message": "memory ran out while the revisions were loaded",
        "remedy": "Give the endpoint more memory, or take revisions away.",
    }


def unexpected_failure(error: Exception) -> dict[str, str]:
    """The fields of a mistake of ours or of a library; its traceback belongs to the log."""
    return {
        "code": "internal_error",
        "message": f"it failed unexpectedly with {type(error).__name__}: {str(error)[:300]}",
        "remedy": "Report this with the log of the endpoint.",
    }
