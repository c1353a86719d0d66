"""What a model takes and gives: ordered, named, typed values.

The JSON forms are those of `docs/specs/bundle.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from onnxport.domain.dtype import DType

Dimension = int | str | None
"""A known size, a symbolic name, or unknown."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """A tensor: element type and shape; a shape of `None` means unknown rank."""

    dtype: DType
    shape: tuple[Dimension, ...] | None

    def __str__(self) -> str:
        """The short form used in messages and tables: `float32[N, 1, 28, 28]`."""
        if self.shape is None:
            return f"{self.dtype}[...]"
        return f"{self.dtype}[{', '.join('?' if d is None else str(d) for d in self.shape)}]"


@dataclass(frozen=True, slots=True)
class SequenceType:
    """A list of values of one type."""

    element: "ValueType"

    def __str__(self) -> str:
        """The short form used in messages and tables."""
        return f"sequence({self.element})"


@dataclass(frozen=True, slots=True)
class MapType:
    """A dictionary from keys of one element type to values of one type."""

    key: DType
    value: "ValueType"

    def __str__(self) -> str:
        """The short form used in messages and tables."""
        return f"map({self.key}, {self.value})"


@dataclass(frozen=True, slots=True)
class OptionalType:
    """A value that may be absent."""

    element: "ValueType"

    def __str__(self) -> str:
        """The short form used in messages and tables."""
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
            return {"type": "tensor", "dtype": dtype.value, "shape": dimensions}
        case SequenceType(element):
            return {"type": "sequence", "element": type_to_json(element)}
        case MapType(key, value):
            return {"type": "map", "key": key.value, "value": type_to_json(value)}
        case OptionalType(element):
            return {"type": "optional", "element": type_to_json(element)}


def type_from_json(document: Mapping[str, Any]) -> ValueType:
    """Read the JSON form of a type; `KeyError` or `ValueError` where it is not one."""
    match document["type"]:
        case "tensor":
            shape = document["shape"]
            return TensorType(DType(document["dtype"]), None if shape is None else tuple(shape))
        case "sequence":
            return SequenceType(type_from_json(document["element"]))
        case "map":
            return MapType(DType(document["key"]), type_from_json(document["value"]))
        case "optional":
            return OptionalType(type_from_json(document["element"]))
        case other:
            raise ValueError(f"unknown type {other!r} in a signature")
