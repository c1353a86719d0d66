"""`POST /score`: Azure ML's scoring route. What a body may be is each revision's own business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnxport_serve.route import Route, share
from onnxport_serve.traffic import rotate

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State


def score_routes(app: App, state: State) -> dict[bytes, Route]:
    """`/score`, answered by the revisions in the shares of their weights."""
    handlers = {n: revision.score_handler(app) for n, revision in state.revisions.items()}
    methods = {m for revision in state.revisions.values() for m in revision.score_methods}
    handler = share(rotate(state.spec.weights), handlers)
    allow = b", ".join((*sorted(methods), b"OPTIONS"))
    return {b"/score": Route(dict.fromkeys(methods, handler), runs=True, allow=allow)}
