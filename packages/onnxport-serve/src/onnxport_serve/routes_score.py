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


def score_routes(app: App, state: State) -> dict[bytes, Route]:
    """`/score`, answered by the revisions in the shares of their weights."""
    targets = {
        number: Target(revision, app.metrics.series(number, "score"))
        for number, revision in state.revisions.items()
    }
    shares = map(targets.__getitem__, rotate(state.spec.weights))
    return {b"/score": post(Scoring(app, shares, _decode, _azure_headers))}


def _decode(request: Request, codec: Any) -> Any:
    return codec.decode_score(request.body, request.headers.get(b"content-type", b""))


def _azure_headers(request: Request, run: float) -> bytes:
    headers = request.headers
    legacy = headers.get(b"x-ms-request-id")
    client = headers.get(b"x-ms-client-request-id")
    trace = headers.get(b"traceid")
    if legacy is None and client is None and trace is None:
        return (
            b"x-ms-run-function-failed: False\r\nx-ms-run-fn-exec-ms: %.3f\r\nx-ms-request-id: %b\r\n"
            % (run * 1e3, request.id)
        )
    lines = b"x-ms-run-function-failed: False\r\nx-ms-run-fn-exec-ms: %.3f\r\n" % (run * 1e3)
    lines += b"x-ms-request-id: %b\r\n" % (legacy or client or request.id)
    if client or legacy:
        lines += b"x-ms-client-request-id: %b\r\n" % (client or legacy or b"")
    return lines + (b"traceid: %b\r\n" % trace if trace else b"")
