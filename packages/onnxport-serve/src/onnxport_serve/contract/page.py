"""The page at `/docs`: static files of this package, with the contract written into one of them.

Names of tensors come from the model and are not trusted: they reach the page only as JSON inside a `<script>` element that
is data to the browser, and the page's scripts write them as text. The policy below forbids everything else.
"""

from functools import cache
from pathlib import Path
from typing import Any

import orjson

from onnxport_serve.contract.values import ContractInput

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
)
EXAMPLE_PATH = "/docs/assets/example.json"

_LARGEST_INLINE = 16_384
_CONTENT_TYPES = {
    "js": b"text/javascript; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "svg": b"image/svg+xml",
}
# Not importlib.resources and html: together they are half of this package's import time.
_FOLDER = Path(__file__).with_name("page")
_ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;"})
_UNSAFE = ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"))


def render_page(source: ContractInput) -> tuple[bytes, dict[str, tuple[bytes, bytes]]]:
    """The page, and its assets by path with their content types.

    A small example stands in the page, a large one is an asset of its own.
    """
    example = None if source.example is None else orjson.dumps(source.example)
    assets = dict(_static_assets())
    if example is not None and len(example) > _LARGEST_INLINE:
        assets[EXAMPLE_PATH] = (example, b"application/json")
        contract = _contract(source, None, EXAMPLE_PATH)
    else:
        contract = _contract(source, None if example is None else orjson.Fragment(example), None)
    page = _template().replace(b"{{title}}", source.name.translate(_ESCAPES).encode())
    return page.replace(b"{{contract}}", script_safe(orjson.dumps(contract))), assets


def script_safe(document: bytes) -> bytes:
    """JSON that cannot end or change the `<script>` element it stands in. Source: HTML, "Restrictions for contents"."""
    for character, escape in _UNSAFE:
        document = document.replace(character, escape)
    return document


def _contract(source: ContractInput, example: Any, example_at: str | None) -> dict[str, Any]:
    return {
        "name": source.name,
        "version": source.version,
        "model": source.model,
        "description": source.description,
        "framework": source.framework,
        "framework_version": source.framework_version,
        "digest": source.digest,
        "proof": source.proof,
        "keys_required": source.keys_required,
        "signature": source.signature.to_json(),
        "schemas": source.schemas,
        "example": example,
        "example_at": example_at,
    }


@cache
def _template() -> bytes:
    return (_FOLDER / "docs.html").read_bytes()


@cache
def _static_assets() -> dict[str, tuple[bytes, bytes]]:
    found = {}
    for entry in _FOLDER.iterdir():
        content_type = _CONTENT_TYPES.get(entry.name.rpartition(".")[2])
        if content_type is not None:
            found[f"/docs/assets/{entry.name}"] = (entry.read_bytes(), content_type)
    return found
