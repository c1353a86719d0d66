"""`POST /score`: Azure ML's scoring route with the friendly JSON forms.

Source of the headers: Azure ML inference server, "azmlinfsrv" 1.5.1.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

from onnxport_serve.errors import MethodNotAllowed
from onnxport_serve.request import Request
from onnxport_serve.route import Handler, Route, post, script, share
from onnxport_serve.scoring import Scoring, Target
from onnxport_serve.served import ServedRevision
from onnxport_serve.traffic import rotate

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.model.revision import LoadedRevision
    from onnxport_serve.script.revision import ScriptRevision
    from onnxport_serve.state import State

_AZURE = (
    b"x-ms-run-function-failed: False\r\nx-ms-run-fn-exec-ms: %.3f\r\nx-ms-request-id: %b\r\n%b"
)
_CLIENT_ID = b"x-ms-client-request-id: %b\r\n"


def score_routes(app: App, state: State) -> dict[bytes, Route]:
    """`/score`, answered by the revisions in the shares of their weights."""
    turns = rotate(state.spec.weights)
    if any(revision.kind == "script" for revision in state.revisions.values()):
        handlers = {n: _handler(app, revision) for n, revision in state.revisions.items()}
        return {b"/score": script(share(map(handlers.__getitem__, turns)))}
    targets = {n: _target(app, revision) for n, revision in state.revisions.items()}
    shares = map(targets.__getitem__, turns)
    return {b"/score": post(Scoring(app, shares, _decode, _AZURE, _azure_values))}


def _handler(app: App, revision: ServedRevision) -> Handler:
    """How one revision of an endpoint with several kinds answers."""
    if revision.kind == "onnx":
        target = repeat(_target(app, revision))
        return _post_only(Scoring(app, target, _decode, _AZURE, _azure_values))
    from onnxport_serve.script.scoring import ScriptScoring

    series = app.metrics.series(revision.number, "score")
    return ScriptScoring(app, cast("ScriptRevision", revision), series, _azure_lines)


def _target(app: App, revision: ServedRevision) -> Target:
    series = app.metrics.series(revision.number, "score")
    return Target(cast("LoadedRevision", revision), series)


def _post_only(handler: Handler) -> Handler:
    def answer(request: Request) -> None:
        if request.method != b"POST":
            raise MethodNotAllowed("this revision takes POST", ((b"allow", b"POST, OPTIONS"),))
        handler(request)

    return answer


def _decode(request: Request, codec: Any) -> Any:
    return codec.decode_score(request.body, request.headers.get(b"content-type", b""))


def _azure_values(request: Request, run: float) -> tuple[float, bytes, bytes]:
    """Milliseconds of the run, the legacy id, and further lines where the client sent ids of its own."""
    return (run * 1e3, *_azure_lines(request))


def _azure_lines(request: Request) -> tuple[bytes, bytes]:
    """The legacy id, and further lines where the client sent ids of its own."""
    headers = request.headers
    if b"x-ms-request-id" in headers or b"x-ms-client-request-id" in headers:
        legacy = headers.get(b"x-ms-request-id")
        client = headers.get(b"x-ms-client-request-id")
        return legacy or client or b"", _CLIENT_ID % (client or legacy) + _trace(headers)
    return request.id, _trace(headers) if b"traceid" in headers else b""


def _trace(headers: dict[bytes, bytes]) -> bytes:
    trace = headers.get(b"traceid")
    return b"traceid: %b\r\n" % trace if trace else b""
