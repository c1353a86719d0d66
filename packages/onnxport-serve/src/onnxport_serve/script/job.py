"""One request on its way to a worker and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from onnxport_serve.script.memory_file import new_memory_file
from onnxport_serve.worker import frames


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: an answer of the script, or one in its place. `took_ms` is negative where `run()` did not end."""

    status: int
    body: bytes
    headers: bytes = b""
    took_ms: float = -1.0
    run_failed: bool = False


class Job:
    """A request for a script.

    Args:
        body: of the request.
        meta: JSON about the rest of the request; empty where the script does not need it.
        done: called once with the outcome, unless the job was cancelled.
        request_id: for log lines.
    """

    __slots__ = (
        "body",
        "done",
        "is_missing",
        "is_over",
        "meta",
        "number",
        "queued",
        "request_id",
    )

    def __init__(
        self,
        body: bytes,
        meta: bytes,
        done: Callable[[Job, Outcome | Exception], None],
        request_id: str = "",
    ) -> None:
        self.body = body
        self.meta = meta
        self.done = done
        self.request_id = request_id
        self.number = 0
        self.queued = monotonic()
        self.is_over = False
        self.is_missing = False
        """Whether it was with no worker and not in the queue when somebody looked."""

    @property
    def fits(self) -> bool:
        """Whether body and meta travel in the message itself."""
        return len(self.meta) + len(self.body) <= frames.LARGEST_INLINE

    def message(self) -> bytes:
        """The message with everything in it."""
        return frames.REQUEST.pack(self.number, 0, len(self.meta)) + self.meta + self.body

    def message_with_file(self) -> tuple[bytes, int]:
        """The message without the body, and the descriptor of a file in memory that holds it; the caller closes that.

        Raises:
            OSError: there is no room for the file.
        """
        head = frames.REQUEST.pack(self.number, frames.IN_FILE, len(self.meta)) + self.meta
        return head, _write(self.body)


def _write(body: bytes) -> int:
    descriptor = new_memory_file("onnxport-body")
    try:
        view = memoryview(body)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
