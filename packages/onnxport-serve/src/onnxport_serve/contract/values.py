"""What the endpoint's contract is computed from, and the bytes that come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onnxport_serve.signature import Signature


@dataclass(frozen=True, slots=True)
class ContractInput:
    """What is known at load about the revision that the contract describes.

    Args:
        name: The endpoint's name; the model name under `/v2/models/`.
        version: The revision that is described: the one with the largest weight.
        signature: What it takes and gives.
        revisions: Every loaded revision, for `/versions/{version}`; empty means `version` alone.
        example: The golden request as the JSON value of a `/score` body, or `None`.
        example_answer: The answer to it as the JSON value of a `/score` answer, or `None`.
        description: A sentence or two for people; may be empty.
        framework: What the model was saved by (`"onnx"`, `"sklearn"`), or `None`.
        framework_version: Its version, or `None`.
        model: `<model name>:<model version>` of the registry, or `None`.
        digest: The bundle's digest, or `None`.
        proof: The proof document (`docs/specs/bundle.md`), or `None` for a model given as ONNX.
        keys_required: Whether `/score` and `/v2` want a key. The documents are served without one, so they then hold no
            example of the caller's: it may be private.
        body_bytes: The largest request body that is read.
        schemas: Input and output schema of scoring code, which has no signature; `None` for an ONNX model.
    """

    name: str
    version: int
    signature: Signature
    revisions: tuple[int, ...] = ()
    example: Any = None
    example_answer: Any = None
    description: str = ""
    framework: str | None = None
    framework_version: str | None = None
    model: str | None = None
    digest: str | None = None
    proof: Mapping[str, Any] | None = None
    keys_required: bool = False
    body_bytes: int = 104857600
    schemas: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """The bytes that the routes of the contract answer with; nothing is computed per request.

    Args:
        openapi: `GET /openapi.json`: OpenAPI 3.1.
        swagger: `GET /swagger.json`: the `version` of the query (`"2"`, `"2.0"`, `"3"`, `"3.0"`, `"3.1"`) to
            the document; without a query it is `"2"`.
        page: `GET /docs`, `text/html; charset=utf-8`.
        page_headers: Headers to send with the page: its content security policy among them.
        assets: Path (`/docs/assets/...`) to content and content type. They are needed before a key can be typed,
            so they are served without one.
    """

    openapi: bytes
    swagger: Mapping[str, bytes]
    page: bytes
    page_headers: tuple[tuple[bytes, bytes], ...]
    assets: Mapping[str, tuple[bytes, bytes]]
