"""Types of graph inputs and outputs: from `ValueInfoProto` and from ONNX Runtime's names for them."""

import re
from typing import Any

from onnxport.domain.dtype import DTYPE_OF_ONNX_CODE, DType
from onnxport.domain.signature import (
    Dimension,
    MapType,
    OptionalType,
    SequenceType,
    TensorType,
    ValueType,
)
from onnxport.inspect.structure import Undescribable

_MAX_NESTING = 16
_RUNTIME_DTYPE = {
    "float": DType.FLOAT32,
    "double": DType.FLOAT64,
}
_RUNTIME_TYPE = re.compile(r"(tensor|seq|map|optional|sparse_tensor)\((.*)\)")


def read_type(proto: Any, name: str, depth: int = 0) -> ValueType | None:
    """The type that a `TypeProto` states, `None` where it states none; raises `Undescribable` for one that cannot be served."""
    if depth > _MAX_NESTING:
        raise Undescribable(f"the type of {name[:80]!r} is nested too deeply")
    match proto.WhichOneof("value"):
        case "tensor_type":
            return _read_tensor(proto.tensor_type, name)
        case "sequence_type":
            element = read_type(proto.sequence_type.elem_type, name, depth + 1)
            return SequenceType(element) if element else None
        case "optional_type":
            element = read_type(proto.optional_type.elem_type, name, depth + 1)
            return OptionalType(element) if element else None
        case "map_type":
            value = read_type(proto.map_type.value_type, name, depth + 1)
            key = _read_dtype(proto.map_type.key_type, name)
            return MapType(key, value) if key and value else None
        case None:
            return None
        case other:
            raise Undescribable(f"{name[:80]!r} is of kind {other}, which cannot be served")


def _read_tensor(proto: Any, name: str) -> TensorType | None:
    dtype = _read_dtype(proto.elem_type, name)
    if dtype is None:
        return None
    if not proto.HasField("shape"):
        return TensorType(dtype, None)
    return TensorType(dtype, tuple(_read_dimension(dim) for dim in proto.shape.dim))


def _read_dtype(code: int, name: str) -> DType | None:
    if code == 0:
        return None
    if code not in DTYPE_OF_ONNX_CODE:
        raise Undescribable(f"{name[:80]!r} has element type number {code}, which is not known")
    return DTYPE_OF_ONNX_CODE[code]


def _read_dimension(proto: Any) -> Dimension:
    """A size, a symbolic name or `None`; some exporters write -1 for an unknown size."""
    if proto.HasField("dim_value"):
        return int(proto.dim_value) if proto.dim_value >= 0 else None
    return proto.dim_param or None


def read_runtime_type(text: str, shape: list[Any] | None) -> ValueType:
    """The type that ONNX Runtime writes like `seq(map(int64,tensor(float)))`, with the shape it states for a tensor."""
    found = _RUNTIME_TYPE.fullmatch(text)
    if found is None:
        raise Undescribable(f"ONNX Runtime's type {text[:80]!r} is not known")
    kind, inner = found[1], found[2]
    if kind == "tensor":
        dimensions = None if shape is None else tuple(_runtime_dimension(d) for d in shape)
        return TensorType(_runtime_dtype(inner), dimensions)
    if kind == "seq":
        return SequenceType(read_runtime_type(inner, None))
    if kind == "optional":
        return OptionalType(read_runtime_type(inner, shape))
    if kind == "map":
        key, _, value = inner.partition(",")
        return MapType(_runtime_dtype(key), read_runtime_type(value.strip(), None))
    raise Undescribable(f"a value is of kind {kind}, which cannot be served")


def _runtime_dimension(size: Any) -> Dimension:
    return size if isinstance(size, int | str) else None


def _runtime_dtype(text: str) -> DType:
    try:
        return _RUNTIME_DTYPE.get(text) or DType(text)
    except ValueError:
        raise Undescribable(f"ONNX Runtime's element type {text[:80]!r} is not known") from None
