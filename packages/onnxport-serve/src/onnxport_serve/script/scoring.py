"""`/score` of a revision with scoring code: hand the request to a worker, send what it says in the vendor's forms.

Source of statuses, headers and bodies: Azure ML inference server, "azmlinfsrv" 1.5.1.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from onnxport_serve.azure import azure_ids
from onnxport_serve.errors import RequestError
from onnxport_serve.metrics import RunSeries
from onnxport_serve.request import Request
from onnxport_serve.response import JSON, status_line
from onnxport_serve.script.job import Job, Outcome
from onnxport_serve.script.meta import meta_of

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.script.revision import ScriptRevision

_HEAD = (
    b"%b%b%bcontent-length: %d\r\nx-request-id: %b\r\nx-onnxport-revision: %d\r\n"
    b"x-ms-run-function-failed: %b\r\nx-ms-request-id: %b\r\n%b%b%b\r\n"
)
_JSON_LINE = b"content-type: %b\r\n" % JSON
_TIMES = b"x-ms-run-fn-exec-ms: %.3f\r\nserver-timing: queue;dur=%.3f, run;dur=%.3f\r\n"


class ScriptScoring:
    """Handles the scoring requests of one revision.

    Args:
        revision: with its workers.
        series: what is measured of it.
    """

    __slots__ = ("_app", "_pool", "_revision", "_series")

    def __init__(self, app: App, revision: ScriptRevision, series: RunSeries) -> None:
        self._app = app
        self._revision = revision
        self._pool = revision.pool
        self._series = series

    def __call__(self, request: Request) -> None:
        """Hand one request over."""
        app = self._app
        app.admission.check_run()
        request_id = request.id.decode("latin-1")
        meta = b""
        if self._revision.wants_meta or request.method != b"POST":
            meta = meta_of(request.method, request.target, request.headers, request_id)

        def done(_: Job, outcome: Outcome | Exception) -> None:
            request.job = None
            app.admission.in_flight -= 1
            self._answer(request, outcome)

        job = Job(request.body, meta, done, request_id)
        request.job = (self._pool, job)
        app.admission.in_flight += 1
        self._pool.submit(job)

    def _answer(self, request: Request, outcome: Outcome | Exception) -> None:
        app = self._app
        number = self._revision.number
        if isinstance(outcome, RequestError):
            app.fail(request, outcome, number)
            return
        if isinstance(outcome, Exception):
            app.fail_unexpectedly(request, outcome)
            return
        seconds = perf_counter() - request.started
        run = max(0.0, outcome.took_ms / 1e3)
        queue = max(0.0, seconds - run)
        legacy, further = azure_ids(request)
        timed = outcome.took_ms >= 0
        closing = b"" if request.keep_alive else b"connection: close\r\n"
        head = _HEAD % (
            status_line(outcome.status),
            app.date_line,
            outcome.headers or _JSON_LINE,
            len(outcome.body),
            request.id,
            number,
            b"True" if outcome.run_failed else b"False",
            legacy,
            _TIMES % (outcome.took_ms, queue * 1e3, run * 1e3) if timed else b"",
            further + request.extra,
            closing,
        )
        body = b"" if request.method == b"HEAD" else outcome.body
        request.protocol.reply(request, head, body)
        metrics = app.metrics
        metrics.request_bytes += len(request.body)
        metrics.response_bytes += len(body)
        if outcome.status == 200:
            self._series.record(seconds, 0.0, queue, run, 0.0)
        else:
            metrics.observe_failure(number, "score", outcome.status, seconds)
        if app.access_log.every:
            app.access_log.answered(request, outcome.status, seconds)
