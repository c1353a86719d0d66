"""What bounds the whole endpoint at once: runs under way and memory of bodies that are still coming in."""

from __future__ import annotations

from onnxport_serve.documents import Limits
from onnxport_serve.errors import Headers, Overloaded

_LEAST_BUFFER = 256 * 1024 * 1024
_RETRY_AFTER: Headers = ((b"retry-after", b"1"),)


class Admission:
    """Counts of what is held; they outlive a change of limits."""

    __slots__ = ("_buffer_limit", "_in_flight_limit", "buffered", "in_flight")

    def __init__(self, limits: Limits) -> None:
        self.in_flight = 0
        """Requests that wait for a run or are in one."""
        self.buffered = 0
        """Bytes of bodies that came in more than one piece and are not answered yet."""
        self.set_limits(limits)

    def set_limits(self, limits: Limits) -> None:
        """Use other limits from now on; what is held stays counted."""
        self._in_flight_limit = limits.in_flight
        self._buffer_limit = max(_LEAST_BUFFER, 4 * limits.body_bytes)

    def check_run(self) -> None:
        """Raise `Overloaded` when one more run would be too many."""
        if self.in_flight >= self._in_flight_limit:
            raise Overloaded(
                f"{self.in_flight} requests are in flight, the limit; try again", _RETRY_AFTER
            )

    def hold(self, size: int) -> None:
        """Count bytes of a body that is coming in; raises `Overloaded` when all bodies together are too large."""
        if self.buffered + size > self._buffer_limit:
            raise Overloaded("too many large bodies are being received; try again", _RETRY_AFTER)
        self.buffered += size
