"""The path of a scoring request: decode, run, encode, answer; the same for all families of routes.

On the event loop it is one straight call. What may take long there, a large body or a long run, becomes a job: a thread decodes, runs
and encodes, and the loop only writes the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from onnxport_serve.errors import RequestError
from onnxport_serve.metrics import RunSeries
from onnxport_serve.model.runner import INLINE_BUDGET_S, Job, failure
from onnxport_serve.request import Request
from onnxport_serve.response import connection_line, header_lines

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.model.revision import LoadedRevision

Decode = Callable[[Request, Any], Any]
"""From a request and a codec to a `Call`; raises `RequestError`."""
MoreValues = Callable[[Request, float], tuple[Any, ...]]


LARGE_BODY = 1 << 20
"""Bytes above which a body is decoded on a thread.

Below, decoding takes a few milliseconds at worst for numbers; above, text that is not what the model takes can need seconds to be read.
"""


def no_values(request: Request, run: float) -> tuple[Any, ...]:  # noqa: ARG001 - the interface
    """For families whose answers carry nothing of their own."""
    return ()


_START = (
    b"HTTP/1.1 200 OK\r\n%bcontent-type: %b\r\ncontent-length: %d\r\nx-request-id: %b\r\n"
    b"server-timing: decode;dur=%.3f, queue;dur=%.3f, run;dur=%.3f, encode;dur=%.3f\r\n%b"
)
_END = b"%b%b%b\r\n"


class Target:
    """A revision as one family of routes sees it."""

    __slots__ = ("codec", "head", "number", "runner", "series", "version")

    def __init__(self, revision: LoadedRevision, series: RunSeries) -> None:
        self.number = revision.number
        self.version = str(revision.number)
        self.codec = revision.codec
        self.runner = revision.runner
        self.series = series
        self.head = b"x-onnxport-revision: %d\r\n" % revision.number


class Scoring:
    """Handles the scoring requests of one revision in one family of routes.

    Args:
        target: the revision.
        decode: the family's decoder.
        more_headers: the family's header lines, to be filled with what `more_values` gives for a request and the seconds of its run.
    """

    __slots__ = ("_app", "_decode", "_more_values", "_target", "_template")

    def __init__(
        self,
        app: App,
        target: Target,
        decode: Decode,
        more_headers: bytes = b"",
        more_values: MoreValues = no_values,
    ) -> None:
        self._app = app
        self._target = target
        self._decode = decode
        self._template = _START + more_headers + _END
        self._more_values = more_values

    def __call__(self, request: Request) -> None:
        """Score one request."""
        target = self._target
        runner = target.runner
        if runner.inline_size < 0:
            self._app.admission.check_run()
        try:
            if len(request.body) > LARGE_BODY:
                self._queue(request, target, None, request.started)
                return
            call = self._decode(request, target.codec)
            decoded = perf_counter()
            if call.size > runner.inline_size:
                self._queue(request, target, call, decoded)
                return
            outputs = runner.execute(call)
            ended = perf_counter()
            answer = call.encode(outputs, target.version)
        except Exception as error:
            self._fail(request, target, error)
            return
        encoded = perf_counter()
        seconds = ended - decoded
        if seconds > INLINE_BUDGET_S or runner.strikes:
            runner.observe_inline(call.size, seconds)
        times = (decoded - request.started, 0.0, seconds, encoded - ended)
        self._answer(request, target, answer, times, encoded)

    def _queue(self, request: Request, target: Target, call: Any, decoded: float) -> None:
        """Leave the rest to a thread; with a `call` that is `None` the decoding too."""
        app = self._app
        app.admission.check_run()
        limits = request.state.limits

        def done(job: Job) -> None:
            request.job = None
            app.admission.in_flight -= 1
            if job.error is not None:
                self._fail(request, target, job.error)
                return
            times = (
                decoded - request.started + job.decoded - job.started,
                job.started - job.queued,
                job.ran - job.decoded,
                job.finished - job.ran,
            )
            self._answer(request, target, job.answer, times, perf_counter())

        decode = partial(self._decode, request, target.codec) if call is None else None
        job = Job(call, request.protocol.loop, done, target.version, decode)
        request.job = (target.runner, job)
        app.admission.in_flight += 1
        target.runner.submit(job, limits.queue_timeout_s, limits.request_timeout_s)

    def _answer(
        self,
        request: Request,
        target: Target,
        answer: Any,
        times: tuple[float, float, float, float],
        ended: float,
    ) -> None:
        decode, queue, run, encode = times
        app = self._app
        body = answer.body
        head = self._template % (
            app.date_line,
            answer.content_type,
            len(body),
            request.id,
            decode * 1e3,
            queue * 1e3,
            run * 1e3,
            encode * 1e3,
            target.head,
            *self._more_values(request, run),
            header_lines(answer.headers) if answer.headers else b"",
            request.extra,
            b"" if request.keep_alive and not request.old else connection_line(request),
        )
        request.protocol.reply(request, head, body)
        seconds = ended - request.started
        target.series.record(seconds, decode, queue, run, encode)
        metrics = app.metrics
        metrics.request_bytes += len(request.body)
        metrics.response_bytes += len(body)
        if answer.nonfinite:
            metrics.count_nonfinite(target.number, answer.nonfinite)
        if app.access_log.every:
            app.access_log.answered(request, 200, seconds)

    def _fail(self, request: Request, target: Target, error: Exception) -> None:
        if isinstance(error, RequestError):
            self._app.fail(request, error, target.number)
            return
        if not type(error).__module__.startswith("onnxruntime"):
            self._app.fail_unexpectedly(request, error)
            return
        refusal = failure(error)
        if refusal.status >= 500:
            self._app.access_log.run_failed(request, target.number, error)
        self._app.fail(request, refusal, target.number)
