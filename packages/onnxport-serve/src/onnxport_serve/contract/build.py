"""From what is known at load to the bytes of the contract."""

from onnxport_serve.contract.openapi import openapi_document
from onnxport_serve.contract.page import PAGE_HEADERS, render_page
from onnxport_serve.contract.swagger import swagger_documents
from onnxport_serve.contract.values import Contract, ContractInput


def build_contract(source: ContractInput) -> Contract:
    """Compute every document once; a change of what `source` states needs another call (about a millisecond)."""
    openapi = openapi_document(source)
    page, assets = render_page(source)
    return Contract(
        openapi=openapi,
        swagger=swagger_documents(source, openapi),
        page=page,
        page_headers=PAGE_HEADERS,
        assets=assets,
    )
