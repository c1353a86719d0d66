"""Lines about single requests: those that were refused or failed, or every one. Bounded per second; never a payload."""

from __future__ import annotations

import traceback

from onnxport_serve.log import Log
from onnxport_serve.model.failure import detail
from onnxport_serve.request import Request
from onnxport_serve.response import printable

_LINES_PER_TICK = 50
_LONGEST_PATH = 200


class AccessLog:
    """Writes request lines.

    Args:
        every: also successful requests, without a bound.
    """

    __slots__ = ("_left", "_log", "_suppressed", "every")

    def __init__(self, log: Log, *, every: bool) -> None:
        self._log = log
        self.every = every
        self._left = _LINES_PER_TICK
        self._suppressed = 0

    def tick(self) -> None:
        """Allow further lines; called about once a second while there are connections."""
        if self._suppressed:
            self._log.warning("request lines suppressed", count=self._suppressed)
        self._left = _LINES_PER_TICK
        self._suppressed = 0

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """A request that was served."""
        self._log.info("request", **_fields(request, status, seconds))

    def refused(self, request: Request, status: int, code: str, seconds: float) -> None:
        """A request that was not."""
        if self._may_write():
            self._log.info("request", **_fields(request, status, seconds), code=code)

    def run_failed(self, request: Request, version: int, error: Exception) -> None:
        """A run that the model or ONNX Runtime failed."""
        if self._may_write():
            self._log.error(
                "run failed", request_id=_id(request), revision=version, reason=detail(error)
            )

    def unexpected(self, request: Request, error: Exception) -> None:
        """A fault of this program."""
        if self._may_write():
            frames = traceback.format_tb(error.__traceback__)
            self._log.error(
                "unexpected error",
                request_id=_id(request),
                reason=type(error).__name__,
                traceback="".join(frames[-6:]),
            )

    def _may_write(self) -> bool:
        if self.every:
            return True
        self._left -= 1
        if self._left < 0:
            self._suppressed += 1
            return False
        return True


def _fields(request: Request, status: int, seconds: float) -> dict[str, str | int | float]:
    return {
        "method": request.method.decode("latin-1"),
        "path": printable(request.target.partition(b"?")[0], _LONGEST_PATH),
        "status": status,
        "ms": round(seconds * 1000, 3),
        "request_id": _id(request),
    }


def _id(request: Request) -> str:
    return printable(request.id)
