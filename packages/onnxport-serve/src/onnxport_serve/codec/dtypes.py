"""Element types: how each is stored in memory, named in the protocols, and whether JSON can express it.

Sources: `TensorProto.DataType` (onnx/onnx.proto); Open Inference Protocol, "Tensor Data Types"; the names of float8, float4 and
4-bit integers in `/v2` are onnxport's own, because the protocol has none.
"""

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np

from onnxport_serve.signature import ONNX_CODE

Kind = Literal["float", "integer", "bool", "string", "opaque"]


@dataclass(frozen=True, slots=True)
class Element:
    """One element type.

    Attributes:
        name: its name in `bundle.json`.
        kind: how values are checked; `opaque` types travel only as raw bytes.
        storage: NumPy's type of the same layout (unsigned integers for `opaque`; objects for strings).
        v2: its name in the Open Inference Protocol.
        bits: size of one element; two 4-bit elements share a byte, the first in the low half.
        low: the smallest integer, for integers.
        high: the largest integer, for integers.
    """

    name: str
    kind: Kind
    storage: np.dtype[Any]
    v2: str
    bits: int
    low: int = 0
    high: int = 0

    @property
    def code(self) -> int:
        """The number in `TensorProto.DataType`."""
        return ONNX_CODE[self.name]

    @property
    def has_json(self) -> bool:
        """Whether JSON can express its values."""
        return self.kind != "opaque"

    def bytes_for(self, shape: tuple[int, ...]) -> int:
        """The bytes that a tensor of this shape takes; meaningless for strings."""
        return (prod(shape) * self.bits + 7) // 8


def _float(name: str, v2: str) -> Element:
    storage = np.dtype(name)
    return Element(name, "float", storage, v2, storage.itemsize * 8)


def _integer(name: str) -> Element:
    storage = np.dtype(name)
    limits = np.iinfo(storage)
    return Element(
        name, "integer", storage, name.upper(), limits.bits, int(limits.min), int(limits.max)
    )


def _opaque(name: str, v2: str, bits: int) -> Element:
    return Element(name, "opaque", np.dtype(np.uint16 if bits == 16 else np.uint8), v2, bits)


_ALL = [
    _float("float16", "FP16"),
    _float("float32", "FP32"),
    _float("float64", "FP64"),
    *map(_integer, ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")),
    Element("bool", "bool", np.dtype(np.bool_), "BOOL", 8),
    Element("string", "string", np.dtype(object), "BYTES", 0),
    _opaque("bfloat16", "BF16", 16),
    _opaque("float8e4m3fn", "FP8_E4M3FN", 8),
    _opaque("float8e4m3fnuz", "FP8_E4M3FNUZ", 8),
    _opaque("float8e5m2", "FP8_E5M2", 8),
    _opaque("float8e5m2fnuz", "FP8_E5M2FNUZ", 8),
    _opaque("float4e2m1", "FP4_E2M1", 4),
    _opaque("int4", "INT4", 4),
    _opaque("uint4", "UINT4", 4),
]

ELEMENTS: dict[str, Element] = {element.name: element for element in _ALL}
"""Every element type that can be served, by name; complex numbers are not, because ONNX Runtime has none."""

V2_DATATYPE: dict[str, str] = {element.name: element.v2 for element in _ALL}
"""Element type to its name in `/v2`."""

ONNX_NAME: dict[str, int] = {
    {"float32": "FLOAT", "float64": "DOUBLE"}.get(name, name.upper()): code
    for name, code in ONNX_CODE.items()
}
"""Names of the enumeration `TensorProto.DataType` to numbers, as protobuf's JSON writes them."""
