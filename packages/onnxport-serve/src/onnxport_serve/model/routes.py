"""How an ONNX revision answers on `/score` and `/v2`, and what it says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onnxport_serve.azure import azure_ids
from onnxport_serve.contract.build import build_contract
from onnxport_serve.contract.infer import DATATYPE
from onnxport_serve.contract.values import Contract, ContractInput
from onnxport_serve.errors import BadRequest, MethodNotAllowed
from onnxport_serve.model.scoring import Scoring, Target
from onnxport_serve.request import Request
from onnxport_serve.route import Handler
from onnxport_serve.signature import NamedValue, OptionalType, TensorType

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.model.revision import LoadedRevision
    from onnxport_serve.state import State

_AZURE = (
    b"x-ms-run-function-failed: False\r\nx-ms-run-fn-exec-ms: %.3f\r\nx-ms-request-id: %b\r\n%b"
)
_JSON_LENGTH = b"inference-header-content-length"
_MOST_DIGITS = 15


def score_handler(app: App, revision: LoadedRevision) -> Handler:
    """`POST /score` with the friendly JSON forms; the endpoint may have other revisions that take GET."""
    target = Target(revision, app.metrics.series(revision.number, "score"))
    scoring = Scoring(app, target, _decode_score, _AZURE, _azure_values)
    if all(other.kind == revision.kind for other in app.revisions.values()):
        return scoring
    return _post_only(scoring)


def infer_handler(app: App, revision: LoadedRevision) -> Handler:
    """`POST /v2/.../infer`."""
    target = Target(revision, app.metrics.series(revision.number, "v2"))
    return Scoring(app, target, _decode_infer)


def metadata(revision: LoadedRevision) -> dict[str, Any]:
    """What `/v2/models/NAME` says besides names and versions."""
    model = revision.model
    return {
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


def contract(state: State, revision: LoadedRevision) -> Contract:
    """The documents about the endpoint whose main revision this is."""
    model = revision.model
    return build_contract(
        ContractInput(
            name=state.name,
            version=revision.number,
            signature=revision.signature,
            revisions=tuple(state.revisions),
            example=revision.example,
            example_answer=revision.example_answer,
            framework=model.framework,
            framework_version=model.framework_version,
            model=f"{model.name}:{model.version}",
            digest=revision.digest,
            proof=revision.proof,
            keys_required=state.keyring.required,
            body_bytes=state.limits.body_bytes,
        )
    )


def _post_only(handler: Handler) -> Handler:
    def answer(request: Request) -> None:
        if request.method != b"POST":
            raise MethodNotAllowed("this revision takes POST", ((b"allow", b"POST, OPTIONS"),))
        handler(request)

    return answer


def _decode_score(request: Request, codec: Any) -> Any:
    return codec.decode_score(request.body, request.headers.get(b"content-type", b""))


def _azure_values(request: Request, run: float) -> tuple[float, bytes, bytes]:
    """Milliseconds of the run and the ids."""
    return (run * 1e3, *azure_ids(request))


def _decode_infer(request: Request, codec: Any) -> Any:
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
