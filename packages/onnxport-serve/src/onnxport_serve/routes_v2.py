"""The Open Inference Protocol over REST: health, metadata, readiness, infer.

Source: Open Inference Protocol v2, "HTTP/REST", and its binary tensor extension.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

import orjson

from onnxport_serve import __version__
from onnxport_serve.contract.infer import DATATYPE
from onnxport_serve.errors import BadRequest, NotImplementedHere, NotReady
from onnxport_serve.request import Request
from onnxport_serve.response import send
from onnxport_serve.route import Handler, Route, get, post, share
from onnxport_serve.scoring import Scoring, Target
from onnxport_serve.served import ServedRevision
from onnxport_serve.signature import NamedValue, OptionalType, TensorType
from onnxport_serve.traffic import rotate

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.model.revision import LoadedRevision
    from onnxport_serve.script.revision import ScriptRevision
    from onnxport_serve.state import State

_JSON_LENGTH = b"inference-header-content-length"
_MOST_DIGITS = 15


def v2_routes(app: App, state: State) -> dict[bytes, Route]:
    """Every `/v2` route: those of the server, of the model, and of each of its versions."""
    server = {
        "name": "onnxport",
        "version": __version__,
        "extensions": ["binary_tensor_data"],
    }
    model = b"/v2/models/" + state.name.encode()
    handlers = {n: _infer(app, revision) for n, revision in state.revisions.items()}
    routes = {
        b"/v2": get(_json(server)),
        b"/v2/": get(_json(server)),
        b"/v2/health/live": get(_json({"live": True}), is_open=True),
        b"/v2/health/ready": get(_ready(app, {"ready": True}), is_open=True),
        **_model_routes(app, state, model, state.main_revision, _shared(app, state, handlers)),
    }
    for number, revision in state.revisions.items():
        path = b"%b/versions/%d" % (model, number)
        routes |= _model_routes(app, state, path, revision, handlers[number])
    return routes


def _shared(app: App, state: State, handlers: Mapping[int, Handler]) -> Handler:
    """The revisions in the shares of their weights; without a further call where all are of the usual kind."""
    turns = rotate(state.spec.weights)
    if any(revision.kind != "onnx" for revision in state.revisions.values()):
        return share(map(handlers.__getitem__, turns))
    targets = {n: _target(app, revision) for n, revision in state.revisions.items()}
    return Scoring(app, map(targets.__getitem__, turns), _decode)


def _infer(app: App, revision: ServedRevision) -> Handler:
    return (
        Scoring(app, repeat(_target(app, revision)), _decode)
        if revision.kind == "onnx"
        else _refuse
    )


def _target(app: App, revision: ServedRevision) -> Target:
    series = app.metrics.series(revision.number, "v2")
    return Target(cast("LoadedRevision", revision), series)


def _refuse(request: Request) -> None:  # noqa: ARG001 - the interface
    raise NotImplementedHere(
        "this revision runs scoring code, which has no tensors; use POST /score"
    )


def _model_routes(
    app: App, state: State, path: bytes, revision: ServedRevision, infer: Handler
) -> dict[bytes, Route]:
    ready = {"name": state.name, "ready": True}
    return {
        path: get(_json(_metadata(state, revision))),
        path + b"/ready": get(_ready(app, ready), is_open=True),
        path + b"/infer": post(infer),
    }


def _json(document: Any) -> Handler:
    body = orjson.dumps(document)

    def answer(request: Request) -> None:
        send(request, 200, body)

    return answer


def _ready(app: App, document: Any) -> Handler:
    yes = _json(document)

    def answer(request: Request) -> None:
        if app.is_draining:
            raise NotReady("this endpoint is stopping")
        yes(request)

    return answer


def _decode(request: Request, codec: Any) -> Any:
    length = request.headers.get(_JSON_LENGTH)
    if length is None:
        return codec.decode_v2(request.body, None)
    if not length.isdigit() or len(length) > _MOST_DIGITS:
        raise BadRequest("Inference-Header-Content-Length must be a number of bytes")
    size = int(length)
    if size > len(request.body):
        raise BadRequest(
            f"Inference-Header-Content-Length is {size}, the body has {len(request.body)} bytes"
        )
    return codec.decode_v2(request.body, size)


def _metadata(state: State, revision: ServedRevision) -> dict[str, Any]:
    if revision.kind == "script":
        return _script_metadata(state, cast("ScriptRevision", revision))
    return _onnx_metadata(state, cast("LoadedRevision", revision))


def _script_metadata(state: State, revision: ScriptRevision) -> dict[str, Any]:
    return {
        "name": state.name,
        "versions": [str(number) for number in state.revisions],
        "platform": "python_script",
        "inputs": [],
        "outputs": [],
        "parameters": {
            "models": list(revision.models),
            "digest": revision.digest,
            "decisions": revision.decisions,
        },
    }


def _onnx_metadata(state: State, revision: LoadedRevision) -> dict[str, Any]:
    model = revision.model
    return {
        "name": state.name,
        "versions": [str(number) for number in state.revisions],
        "platform": "onnxruntime_onnx",
        "inputs": [_tensor(value) for value in revision.signature.inputs],
        "outputs": [_tensor(value) for value in revision.signature.outputs],
        "parameters": {
            "model": f"{model.name}:{model.version}",
            "framework": model.framework,
            "digest": revision.digest,
            "decisions": revision.decisions,
        },
    }


def _tensor(value: NamedValue) -> dict[str, Any]:
    """The protocol knows tensors only; other types are named in words and have no shape. Unknown dimensions are -1."""
    kind = value.type.element if isinstance(value.type, OptionalType) else value.type
    if not isinstance(kind, TensorType):
        return {"name": value.name, "datatype": str(kind), "shape": []}
    shape = [size if isinstance(size, int) else -1 for size in kind.shape or ()]
    return {
        "name": value.name,
        "datatype": DATATYPE.get(kind.dtype, kind.dtype.upper()),
        "shape": [-1] if kind.shape is None else shape,
    }
