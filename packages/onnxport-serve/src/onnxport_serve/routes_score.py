"""`POST /score`: Azure ML's scoring route with the friendly JSON forms.

Source of the headers: Azure ML inference server, "azmlinfsrv" 1.5.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onnxport_serve.request import Request
from onnxport_serve.route import Route, post
from onnxport_serve.scoring import Scoring, Target
from onnxport_serve.traffic import rotate

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State

_AZURE = (
    b"x-ms-run-function-failed: False\r\nx-ms-run-fn-exec-ms: %.3f\r\nx-ms-request-id: %b\r\n%b"
)
_CLIENT_ID = b"x-ms-client-request-id: %b\r\n"


def score_routes(app: App, state: State) -> dict[bytes, Route]:
    """`/score`, answered by the revisions in the shares of their weights."""
    targets = {
        number: Target(revision, app.metrics.series(number, "score"))
        for number, revision in state.revisions.items()
    }
    shares = map(targets.__getitem__, rotate(state.spec.weights))
    return {b"/score": post(Scoring(app, shares, _decode, _AZURE, _azure_values))}


def _decode(request: Request, codec: Any) -> Any:
    return codec.decode_score(request.body, request.headers.get(b"content-type", b""))


def _azure_values(request: Request, run: float) -> tuple[float, bytes, bytes]:
    """Milliseconds of the run, the legacy id, and further lines where the client sent ids of its own."""
    headers = request.headers
    if b"x-ms-request-id" in headers or b"x-ms-client-request-id" in headers:
        legacy = headers.get(b"x-ms-request-id")
        client = headers.get(b"x-ms-client-request-id")
        return run * 1e3, legacy or client or b"", _CLIENT_ID % (client or legacy) + _trace(headers)
    return run * 1e3, request.id, _trace(headers) if b"traceid" in headers else b""


def _trace(headers: dict[bytes, bytes]) -> bytes:
    trace = headers.get(b"traceid")
    return b"traceid: %b\r\n" % trace if trace else b""
