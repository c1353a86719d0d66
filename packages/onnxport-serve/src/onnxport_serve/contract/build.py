"""From what is known at load to the bytes of the contract."""

from dataclasses import replace
from math import prod
from typing import Any

from onnxport_serve.codec.example import generate_feeds, score_body
from onnxport_serve.contract.openapi import openapi_document
from onnxport_serve.contract.page import PAGE_HEADERS, render_page
from onnxport_serve.contract.swagger import swagger_documents
from onnxport_serve.contract.values import Contract, ContractInput
from onnxport_serve.signature import Signature, TensorType

_MOST_PUBLIC_ELEMENTS = 4096


def build_contract(source: ContractInput) -> Contract:
    """Compute every document once; a change of what `source` states needs another call (about a millisecond)."""
    if source.keys_required:
        source = replace(source, example=_public_example(source.signature), example_answer=None)
    openapi = openapi_document(source)
    page, assets = render_page(source)
    return Contract(
        openapi=openapi,
        swagger=swagger_documents(source, openapi),
        page=page,
        page_headers=PAGE_HEADERS,
        assets=assets,
    )


def _public_example(signature: Signature) -> Any:
    """An example made from the signature, for documents that anybody may read; `None` where it would be large."""
    shapes = [value.type.shape for value in signature.inputs if isinstance(value.type, TensorType)]
    counts = [prod(size for size in shape or () if isinstance(size, int)) for shape in shapes]
    if sum(counts) > _MOST_PUBLIC_ELEMENTS:
        return None
    return score_body(signature, generate_feeds(signature))
