"""The Open Inference Protocol over REST: health, metadata, readiness, infer.

Source: Open Inference Protocol v2, "HTTP/REST", and its binary tensor extension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from onnxport_serve import __version__
from onnxport_serve.errors import NotReady
from onnxport_serve.request import Request
from onnxport_serve.response import send
from onnxport_serve.route import Handler, Route, get, post, share
from onnxport_serve.served import ServedRevision
from onnxport_serve.traffic import rotate

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State


def v2_routes(app: App, state: State) -> dict[bytes, Route]:
    """Every `/v2` route: those of the server, of the model, and of each of its versions."""
    server = {
        "name": "onnxport",
        "version": __version__,
        "extensions": ["binary_tensor_data"],
    }
    model = b"/v2/models/" + state.name.encode()
    handlers = {n: revision.infer_handler(app) for n, revision in state.revisions.items()}
    shared = share(rotate(state.spec.weights), handlers)
    weights = state.spec.weights
    serving = [one for n, one in state.revisions.items() if weights.get(n, 0) > 0]
    routes = {
        b"/v2": get(_json(server)),
        b"/v2/": get(_json(server)),
        b"/v2/health/live": get(_json({"live": True}), is_open=True),
        b"/v2/health/ready": get(_ready(app, serving, {"ready": True}), is_open=True),
        **_model_routes(app, state, model, serving, state.main_revision, shared),
    }
    for number, revision in state.revisions.items():
        path = b"%b/versions/%d" % (model, number)
        routes |= _model_routes(app, state, path, [revision], revision, handlers[number])
    return routes


def _model_routes(
    app: App,
    state: State,
    path: bytes,
    serving: Sequence[ServedRevision],
    revision: ServedRevision,
    infer: Handler,
) -> dict[bytes, Route]:
    ready = {"name": state.name, "ready": True}
    metadata = {
        "name": state.name,
        "versions": [str(number) for number in state.revisions],
        **revision.metadata(),
    }
    return {
        path: get(_json(metadata)),
        path + b"/ready": get(_ready(app, serving, ready), is_open=True),
        path + b"/infer": post(infer),
    }


def _json(document: Any) -> Handler:
    body = orjson.dumps(document)

    def answer(request: Request) -> None:
        send(request, 200, body)

    return answer


def _ready(app: App, serving: Sequence[ServedRevision], document: Any) -> Handler:
    """Ready while every revision that gets requests can answer, and the endpoint is not stopping."""
    yes = _json(document)

    def answer(request: Request) -> None:
        if app.is_draining:
            raise NotReady("this endpoint is stopping")
        for revision in serving:
            if not revision.is_ready:
                raise NotReady(f"no worker of revision {revision.number} is there at the moment")
        yes(request)

    return answer
