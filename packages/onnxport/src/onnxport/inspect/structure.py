"""One walk over a model's graphs: operators, tensors, names. Works on parsed `ModelProto` messages."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from onnxport.domain.dtype import DTYPE_OF_ONNX_CODE, DType

OVERRIDABLE_FROM_IR = 4
"""Before IR version 4 every initializer had to be listed as an input too, and none of them could be fed."""

_MAX_RANK = 64
_DEFAULT_BITS = 8
_BITS: dict[DType, int] = {
    DType.FLOAT32: 32,
    DType.FLOAT64: 64,
    DType.FLOAT16: 16,
    DType.BFLOAT16: 16,
    DType.INT16: 16,
    DType.INT32: 32,
    DType.INT64: 64,
    DType.UINT16: 16,
    DType.UINT32: 32,
    DType.UINT64: 64,
    DType.COMPLEX64: 64,
    DType.COMPLEX128: 128,
    DType.FLOAT4E2M1: 4,
    DType.INT4: 4,
    DType.UINT4: 4,
}
"""Bits of one element where it is not a byte; strings are counted by their bytes."""


class Undescribable(ValueError):
    """A model that parses as protobuf and holds something that no runtime could use."""


def spell_domain(domain: str) -> str:
    """The domain as people write it: the standard one has two spellings in files."""
    return domain or "ai.onnx"


@dataclass(slots=True)
class Structure:
    """What one walk over all graphs and function bodies collects."""

    operators: Counter[tuple[str, str]] = field(default_factory=Counter)
    tensors: list[Any] = field(default_factory=list)
    consumed: set[str] = field(default_factory=set)

    @property
    def nodes(self) -> int:
        """Nodes in all graphs and function bodies."""
        return self.operators.total()


def read_structure(model: Any) -> Structure:
    """Walk the main graph, its subgraphs and the function bodies, without recursion."""
    found = Structure()
    graphs = [model.graph]
    for function in model.functions:
        graphs.extend(_read_nodes(function.node, found))
    while graphs:
        graph = graphs.pop()
        found.tensors.extend(graph.initializer)
        for sparse in graph.sparse_initializer:
            found.tensors.append(sparse.values)
        found.consumed.update(value.name for value in graph.output)
        graphs.extend(_read_nodes(graph.node, found))
    return found


def _read_nodes(nodes: Any, found: Structure) -> Iterator[Any]:
    """Collect the nodes; gives the subgraphs in their attributes."""
    for node in nodes:
        found.operators[spell_domain(node.domain), node.op_type] += 1
        found.consumed.update(node.input)
        for attribute in node.attribute:
            if attribute.HasField("t"):
                found.tensors.append(attribute.t)
            found.tensors.extend(attribute.tensors)
            if attribute.HasField("g"):
                yield attribute.g
            yield from attribute.graphs


def count_elements(tensor: Any) -> int:
    """Elements that a tensor's dimensions state; raises `Undescribable` for dimensions that cannot be."""
    if len(tensor.dims) > _MAX_RANK or any(size < 0 for size in tensor.dims):
        raise Undescribable(f"the weight {tensor.name[:80]!r} has impossible dimensions")
    return math.prod(tensor.dims)


def count_bytes(tensor: Any) -> int:
    """Bytes that a tensor's elements take, packed as ONNX stores them."""
    dtype = DTYPE_OF_ONNX_CODE.get(tensor.data_type)
    if dtype is DType.STRING:
        return sum(map(len, tensor.string_data))
    bits = _BITS.get(dtype, _DEFAULT_BITS) if dtype else _DEFAULT_BITS
    return -(-count_elements(tensor) * bits // 8)
