"""A request that an endpoint can be tried with: the given sample, else one made from the signature."""

import json
import shlex
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from onnxport.domain.bundle import BundleManifest
from onnxport.domain.dtype import DType
from onnxport.domain.signature import (
    MapType,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
)
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.replace_file import replace_file

_INLINE_BYTES = 1200
_MOST_ELEMENTS = 1_000_000
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """A `/score` body; small JSON is shown as it is, everything else lies in `file`.

    `origin` is `user` for a person's own sample, `proof` for inputs that the framework answered, `generated` for made-up ones.
    """

    content_type: str
    body: bytes
    file: Path | None
    origin: str

    def curl(self, url: str, key_command: str | None) -> str:
        """The curl line; `key_command` prints the key to send, where one is needed."""
        words = ["curl", shlex.quote(f"{url}/score")]
        words += ["-H", shlex.quote(f"Content-Type: {self.content_type}")]
        if key_command is not None:
            words += ["-H", f'"Authorization: Bearer $({key_command})"']
        if self.file is not None:
            words += ["--data-binary", shlex.quote(f"@{self.file}")]
        else:
            words += ["-d", shlex.quote(self.body.decode().strip())]
        return " ".join(words)


def example_request(
    endpoint: EndpointDirectory, bundle: Path, manifest: BundleManifest
) -> ExampleRequest | None:
    """The request to try a revision with; `None` where JSON cannot express its inputs, or only with millions of numbers."""
    if manifest.sample is not None:
        path = bundle / manifest.sample.path
        body, kind = path.read_bytes(), manifest.sample.content_type
        return ExampleRequest(
            kind, body, None if _fits_a_line(body, kind) else path, manifest.sample.origin
        )
    document = example_document(manifest.signature) if manifest.signature else None
    if document is None:
        return None
    body = json.dumps(document, ensure_ascii=False).encode()
    if _fits_a_line(body, _JSON):
        return ExampleRequest(_JSON, body, None, "generated")
    path = endpoint.path / "example.json"
    replace_file(path, body)
    return ExampleRequest(_JSON, body, path, "generated")


def example_document(signature: Signature) -> dict[str, Any] | None:
    """A `/score` body within the signature: unknown dimensions are 1, numbers 0, texts `text`."""
    try:
        values = {value.name: _example(value.type) for value in signature.inputs if value.required}
    except _NoExample:
        return None
    if len(signature.inputs) == 1 and len(values) == 1:
        return {"data": next(iter(values.values()))}
    return {"inputs": values}


class _NoExample(Exception):
    """JSON cannot express the type, or only at great length."""


def _example(kind: ValueType) -> Any:
    match kind:
        case TensorType(dtype, shape):
            sizes = [size if isinstance(size, int) else 1 for size in shape or ()]
            if prod(sizes) > _MOST_ELEMENTS:
                raise _NoExample
            return _filled(sizes, _element(dtype))
        case SequenceType(element):
            return [_example(element)]
        case OptionalType(element):
            return _example(element)
        case MapType():
            raise _NoExample


def _element(dtype: DType) -> Any:
    if dtype in {DType.COMPLEX64, DType.COMPLEX128}:
        raise _NoExample
    if dtype is DType.STRING:
        return "text"
    if dtype is DType.BOOL:
        return False
    return 0.0 if "float" in dtype.value else 0


def _filled(sizes: list[int], element: Any) -> Any:
    if not sizes:
        return element
    return [_filled(sizes[1:], element)] * sizes[0]


def _fits_a_line(body: bytes, content_type: str) -> bool:
    if content_type != _JSON or len(body) > _INLINE_BYTES:
        return False
    try:
        return body.decode().strip().isprintable()
    except UnicodeDecodeError:
        return False
