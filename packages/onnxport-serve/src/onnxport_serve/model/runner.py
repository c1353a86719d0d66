"""The seam between the app and a session: which runs happen on the event loop, which on threads, and when they end.

A run on the loop costs nothing extra and blocks everything else, so only runs that are known to be short happen there. A thread
costs some 50 µs and the loop goes on: liveness, other requests and signals are answered during any run. A job on a thread encodes its
answer too, and decodes a large body first.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import perf_counter
from typing import Any

import onnxruntime
from onnxruntime import OrtValue

from onnxport_serve.errors import BadRequest, Overloaded, RequestError, Timeout
from onnxport_serve.model.failure import explain

INLINE_BUDGET_S = 0.001
LARGE_ANSWER = 1 << 20
"""Bytes of an answer whose encoding may take milliseconds."""
_SLOW = 4
_STRIKES = 3
_RETRY_AFTER = ((b"retry-after", b"1"),)


_decoding = threading.Lock()
"""Held while a large body is decoded. Reading JSON holds the interpreter's lock, for seconds in one call at the largest; more of them at a
time would be no faster, and the loop would wait for all of them before its next turn."""


class Execution:
    """How one session is called: with arrays, or with typed values both ways where NumPy has no such element type.

    Args:
        session: the session; runs may happen on several threads at once.
        output_names: all outputs, in graph order.
    """

    __slots__ = ("_outputs", "_run", "_session")

    def __init__(self, session: Any, output_names: list[str]) -> None:
        self._session = session
        # The public wrapper checks names again and costs a fifth of a tiny run; the codec has checked them.
        self._run = session._sess.run  # noqa: SLF001
        self._outputs = output_names

    def __call__(self, call: Any, options: Any = None) -> list[Any]:
        """Run; raises what ONNX Runtime raises."""
        names = call.outputs or self._outputs
        outputs: list[Any] = (
            self._session.run_with_ort_values(names, call.feeds, options)
            if call.wants_typed_outputs
            else self._run(names, call.feeds, options)
        )
        return outputs


class ExecutionOfValues(Execution):
    """For models that must not be given nothing: ONNX Runtime (1.32) ends the process where some operators get an axis of size 0."""

    __slots__ = ()

    def __call__(self, call: Any, options: Any = None) -> list[Any]:
        """Run; `BadRequest` for an input without values."""
        for name, value in call.feeds.items():
            shape = value.shape() if isinstance(value, OrtValue) else getattr(value, "shape", ())
            if 0 in shape:
                raise BadRequest(
                    f"input '{name}' has shape {list(shape)}: this model has operators that take no axis of size 0"
                )
        return super().__call__(call, options)


class Job:
    """One run on a thread, with what comes before and after it.

    Args:
        call: the decoded request; `None` where the thread decodes.
        loop: where `done` is called.
        done: called once, with the answer or the error.
        version: of the revision, for the answer.
        decode: gives the call.
    """

    __slots__ = (
        "answer",
        "call",
        "decode",
        "decoded",
        "done",
        "error",
        "finished",
        "is_over",
        "limit_s",
        "loop",
        "options",
        "queued",
        "ran",
        "started",
        "timer",
        "version",
    )

    def __init__(
        self,
        call: Any,
        loop: asyncio.AbstractEventLoop,
        done: Callable[[Job], None],
        version: str,
        decode: Callable[[], Any] | None = None,
    ) -> None:
        self.call = call
        self.loop = loop
        self.done = done
        self.version = version
        self.decode = decode
        self.queued = perf_counter()
        self.started = 0.0
        self.decoded = 0.0
        self.ran = 0.0
        self.finished = 0.0
        self.limit_s = 0.0
        self.options: Any = None
        self.answer: Any = None
        self.error: Exception | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.is_over = False
        """Answered or abandoned; the run itself may still be ending."""


class Runner:
    """Runs of one session.

    Args:
        execution: calls the session.
        inline_size: runs of at most this many input elements happen on the loop; `None`: all, `-1`: none. Moves with what is observed
            where `adapts` is true.
        slots: runs on threads at the same time.
        adapts: whether observed times move `inline_size`.
    """

    def __init__(
        self, execution: Execution, *, inline_size: int | None, slots: int, adapts: bool
    ) -> None:
        self.execute = execution
        self.inline_size = inline_size if inline_size is not None else 1 << 62
        self.slots = slots
        self._adapts = adapts
        self._free = slots
        self._threads = 0
        self.strikes = 0
        self._waiting: deque[Job] = deque()
        self._ready: SimpleQueue[Job] = SimpleQueue()

    def observe_inline(self, size: int, seconds: float) -> None:
        """Learn from a run on the loop: three slow ones in a row, and runs of that size go to threads."""
        if seconds < INLINE_BUDGET_S * _SLOW or not self._adapts:
            self.strikes = 0
            return
        self.strikes += 1
        if self.strikes >= _STRIKES:
            self.strikes = 0
            self.inline_size = min(self.inline_size, size - 1)

    def submit(self, job: Job, queue_timeout_s: float, run_timeout_s: float) -> None:
        """Run on a thread as soon as one is free; `job.done` comes later, never within this call."""
        job.timer = job.loop.call_later(
            min(queue_timeout_s, run_timeout_s), self._give_up, job, queue_timeout_s, run_timeout_s
        )
        if self._free:
            self._start(job, run_timeout_s)
        else:
            job.limit_s = run_timeout_s
            self._waiting.append(job)

    def cancel(self, job: Job) -> None:
        """Nobody waits for the job any more: it is not begun, or ended at the next operator."""
        self._end(job)
        if job.started:
            job.options.terminate = True
        else:
            self._waiting.remove(job)

    def _start(self, job: Job, run_timeout_s: float) -> None:
        self._free -= 1
        job.started = perf_counter()
        job.options = onnxruntime.RunOptions()
        if job.timer is not None:
            job.timer.cancel()
        left = max(0.0, run_timeout_s - (job.started - job.queued))
        job.timer = job.loop.call_later(left, self._terminate, job, run_timeout_s)
        if self._threads < self.slots:
            self._threads += 1
            threading.Thread(target=self._work, name="onnxport-run", daemon=True).start()
        self._ready.put(job)

    def _work(self) -> None:
        while True:
            job = self._ready.get()
            job.started = perf_counter()
            try:
                self._do(job)
            except RequestError as error:
                job.error = _alone(error)
            except Exception as error:
                job.error = error
            job.finished = perf_counter()
            try:
                job.loop.call_soon_threadsafe(self._finish, job)
            except RuntimeError:  # the loop has been closed while the run was ending
                return

    def _do(self, job: Job) -> None:
        if job.decode is not None:
            with _decoding:
                if job.is_over:
                    return
                job.call = job.decode()
        job.decoded = perf_counter()
        outputs = self.execute(job.call, job.options)
        job.ran = perf_counter()
        job.answer = job.call.encode(outputs, job.version)

    def _finish(self, job: Job) -> None:
        self._free += 1
        if self._waiting:
            follower = self._waiting.popleft()
            self._start(follower, follower.limit_s)
        if job.is_over:
            return
        if self._adapts and job.error is None:
            self._learn(job)
        self._end(job)
        job.done(job)

    def _learn(self, job: Job) -> None:
        """A run on a thread that was short, with an answer that is, can happen on the loop next time."""
        if (
            job.call.size > self.inline_size
            and job.ran - job.decoded < INLINE_BUDGET_S / 2
            and len(job.answer.body) <= LARGE_ANSWER
        ):
            self.inline_size = job.call.size

    def _give_up(self, job: Job, queue_timeout_s: float, run_timeout_s: float) -> None:
        self._waiting.remove(job)
        if queue_timeout_s < run_timeout_s:
            error: RequestError = Overloaded(
                f"no run became free within {queue_timeout_s:g} s; try again", _RETRY_AFTER
            )
        else:
            error = _timed_out(run_timeout_s)
        self._fail(job, error)

    def _terminate(self, job: Job, run_timeout_s: float) -> None:
        job.options.terminate = True
        self._fail(job, _timed_out(run_timeout_s))

    def _fail(self, job: Job, error: RequestError) -> None:
        job.error = error
        self._end(job)
        job.done(job)

    def _end(self, job: Job) -> None:
        job.is_over = True
        if job.timer is not None:
            job.timer.cancel()
            job.timer = None


def _alone(error: RequestError) -> RequestError:
    """A refusal without the frames and the cause that keep the values of a large body alive: they are freed here, not on the loop."""
    error.__context__ = None
    return error.with_traceback(None)


def failure(error: Exception) -> RequestError:
    """The answer to a failed run."""
    return error if isinstance(error, RequestError) else explain(error)


def _timed_out(limit: float) -> Timeout:
    return Timeout(f"the run did not end within the endpoint's limit of {limit:g} s")
