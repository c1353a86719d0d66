"""Asking a running endpoint for the answer to an input file."""

from http import HTTPStatus
from pathlib import Path

from onnxport.domain.bundle import BundleManifest
from onnxport.service.endpoint.errors import EndpointStopped
from onnxport.service.endpoint.score_request import (
    EndpointUnreachable,
    RequestRefused,
    ScoreAnswer,
    send_score,
)
from onnxport.service.endpoint.store import EndpointStore
from onnxport.service.predict import Prediction
from onnxport.service.sample.input_file import read_raw, read_sample
from onnxport.service.scoring.errors import ScoringFailed

_ANSWER_MARGIN_S = 10.0
_NOBODY_ANSWERED = {
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


def ask_endpoint(store: EndpointStore, name: str, sample: Path) -> Prediction:
    """The answer of an endpoint. An ONNX revision is sent what fits its signature, scoring code the bytes as they are.

    Raises:
        EndpointStopped, EndpointUnreachable: it does not answer.
        RequestRefused: it does not take this input.
        ScoringFailed: the scoring code raised.
    """
    view = store.view(name)
    if view.state == "stopped":
        raise EndpointStopped(name)
    main = next(one for one in view.spec.revisions if one.number == view.main_revision)
    manifest = store.manifest(main)[1]
    body, content_type = _body(sample, manifest)
    key = store.directory(name).keys().get("primary")
    timeout_s = view.spec.limits.request_timeout_s + _ANSWER_MARGIN_S
    answer = send_score(name, view.url, body, content_type, key=key, timeout_s=timeout_s)
    _raise_if_failed(name, manifest.kind, answer, f"{view.url}/docs")
    return Prediction(answer.content_type, answer.body)


def send_to_endpoint(
    store: EndpointStore, name: str, body: bytes, content_type: str
) -> ScoreAnswer:
    """The answer of an endpoint to a body as it is, whatever its status; asked once more where the key was changed meanwhile.

    Raises:
        EndpointStopped, EndpointUnreachable: there is no answer.
    """
    answer = _send(store, name, body, content_type)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return _send(store, name, body, content_type)
    return answer


def _send(store: EndpointStore, name: str, body: bytes, content_type: str) -> ScoreAnswer:
    view = store.view(name)
    if view.state == "stopped":
        raise EndpointStopped(name)
    key = store.directory(name).keys().get("primary")
    timeout_s = view.spec.limits.request_timeout_s + _ANSWER_MARGIN_S
    return send_score(name, view.url, body, content_type, key=key, timeout_s=timeout_s)


def _body(sample: Path, manifest: BundleManifest) -> tuple[bytes, str]:
    if manifest.signature is None:
        return read_raw(sample)
    return read_sample(sample, manifest.signature)


def _raise_if_failed(name: str, kind: str, answer: ScoreAnswer, docs: str) -> None:
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if kind == "script" and answer.status >= 500 and answer.status not in _NOBODY_ANSWERED:
        raise ScoringFailed(name, answer.message)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise EndpointUnreachable(name, answer.message)
    remedy = f"Compare the input with the contract at {docs}"
    raise RequestRefused(f"endpoint '{name}'", answer.message, remedy)
