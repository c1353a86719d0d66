"""What a revision takes and gives: ordered, named, typed values, as `bundle.json` states them.

The JSON forms are those of `docs/specs/bundle.md`; element types are the names listed there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

ONNX_CODE: dict[str, int] = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "string": 8,
    "bool": 9,
    "float16": 10,
    "float64": 11,
    "uint32": 12,
    "uint64": 13,
    "complex64": 14,
    "complex128": 15,
    "bfloat16": 16,
    "float8e4m3fn": 17,
    "float8e4m3fnuz": 18,
    "float8e5m2": 19,
    "float8e5m2fnuz": 20,
    "uint4": 21,
    "int4": 22,
    "float4e2m1": 23,
}
"""Element type to its number in `TensorProto.DataType`. Source: onnx/onnx.proto."""

Dimension = int | str | None
"""A known size, a symbolic name, or unknown."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """A tensor: element type and shape; a shape of `None` means unknown rank."""

    dtype: str
    shape: tuple[Dimension, ...] | None

    def __str__(self) -> str:
        """The short form used in messages: `float32[N, 1, 28, 28]`."""
        if self.shape is None:
            return f"{self.dtype}[...]"
        return f"{self.dtype}[{', '.join('?' if d is None else str(d) for d in self.shape)}]"


@dataclass(frozen=True, slots=True)
class SequenceType:
    """A list of values of one type."""

    element: "ValueType"

    def __str__(self) -> str:
        """The short form used in messages."""
        return f"sequence({self.element})"


@dataclass(frozen=True, slots=True)
class MapType:
    """A dictionary from keys of one element type to values of one type."""

    key: str
    value: "ValueType"

    def __str__(self) -> str:
        """The short form used in messages."""
        return f"map({self.key}, {self.value})"


@dataclass(frozen=True, slots=True)
class OptionalType:
    """A value that may be absent."""

    element: "ValueType"

    def __str__(self) -> str:
        """The short form used in messages."""
        return f"optional({self.element})"


ValueType = TensorType | SequenceType | MapType | OptionalType


@dataclass(frozen=True, slots=True)
class NamedValue:
    """One input or output; `required` is false when the graph holds a default or the type is optional."""

    name: str
    type: ValueType
    required: bool = True

    def to_json(self) -> dict[str, Any]:
        """The value's JSON form."""
        return {"name": self.name, "type": type_to_json(self.type), "required": self.required}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError` or `ValueError` where it is not one."""
        return cls(document["name"], type_from_json(document["type"]), document["required"])


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs in graph order."""

    inputs: tuple[NamedValue, ...]
    outputs: tuple[NamedValue, ...]

    def to_json(self) -> dict[str, Any]:
        """The signature's JSON form."""
        return {
            "inputs": [value.to_json() for value in self.inputs],
            "outputs": [value.to_json() for value in self.outputs],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError` or `ValueError` where it is not one."""
        return cls(
            tuple(NamedValue.from_json(value) for value in document["inputs"]),
            tuple(NamedValue.from_json(value) for value in document["outputs"]),
        )


def type_to_json(kind: ValueType) -> dict[str, Any]:
    """The JSON form of a type."""
    match kind:
        case TensorType(dtype, shape):
            dimensions = None if shape is None else list(shape)
            return {"type": "tensor", "dtype": dtype, "shape": dimensions}
        case SequenceType(element):
            return {"type": "sequence", "element": type_to_json(element)}
        case MapType(key, value):
            return {"type": "map", "key": key, "value": type_to_json(value)}
        case OptionalType(element):
            return {"type": "optional", "element": type_to_json(element)}


def type_from_json(document: Mapping[str, Any]) -> ValueType:
    """Read the JSON form of a type; `KeyError` or `ValueError` where it is not one."""
    match document["type"]:
        case "tensor":
            shape = document["shape"]
            return TensorType(_dtype(document["dtype"]), None if shape is None else tuple(shape))
        case "sequence":
            return SequenceType(type_from_json(document["element"]))
        case "map":
            return MapType(_dtype(document["key"]), type_from_json(document["value"]))
        case "optional":
            return OptionalType(type_from_json(document["element"]))
        case other:
            raise ValueError(f"unknown type {other!r} in a signature")


def _dtype(name: str) -> str:
    if name not in ONNX_CODE:
        raise ValueError(f"unknown element type {name!r} in a signature")
    return name
