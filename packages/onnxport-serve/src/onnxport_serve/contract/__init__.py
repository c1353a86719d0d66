"""The endpoint's contract: OpenAPI, Swagger and the page at `/docs`, computed at load into bytes."""

from onnxport_serve.contract.build import build_contract
from onnxport_serve.contract.values import Contract, ContractInput

__all__ = ["Contract", "ContractInput", "build_contract"]
