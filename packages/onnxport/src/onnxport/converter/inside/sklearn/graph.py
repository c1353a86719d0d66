"""Writing nodes into the graph that skl2onnx makes, for the steps that it cannot do or does otherwise than scikit-learn."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import helper
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

INPUT = re.compile(r"column(\d+)")
"""What a column that is an input is called while the graph is made."""
LEARNED = "ai.onnx.ml"
RUNTIME = "com.microsoft"
_TOKENIZER_VERSION = 1


class Precision:
    """The type of numbers in the graph that is being made: float32, or float64 where that remedy is tried."""

    double = False

    @classmethod
    def tensor(cls, columns: int | None = None) -> Any:
        """skl2onnx's type of a matrix of numbers."""
        return (DoubleTensorType if cls.double else FloatTensorType)([None, columns])

    @classmethod
    def dtype(cls) -> Any:
        """Numpy's type of a number."""
        return np.dtype(np.float64 if cls.double else np.float32)


def is_text(variable: Any) -> bool:
    """Whether a tensor of skl2onnx holds text."""
    return isinstance(variable.type, StringTensorType)


def width_of(variable: Any) -> int | None:
    """How many columns a tensor has, where that is known."""
    shape = variable.type.shape
    return shape[1] if len(shape) > 1 and isinstance(shape[1], int) else None


class Graph:
    """Adds nodes with names of their own for one step of the model."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        self.scope, self.operator, self.container = scope, operator, container

    def add(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node with one output; returns that output's name."""
        return self.add_several(kind, 1, *inputs, domain=domain, **attributes)[0]

    def add_several(
        self, kind: str, count: int, *inputs: str, domain: str = "", **attributes: Any
    ) -> list[str]:
        """A node with so many outputs; returns their names."""
        outputs = [self.scope.get_unique_variable_name(kind.lower()) for _ in range(count)]
        version = _TOKENIZER_VERSION if domain == RUNTIME else None
        name = self.scope.get_unique_operator_name(kind)
        self.container.add_node(
            kind, list(inputs), outputs, domain, version, name=name, **attributes
        )
        return outputs

    def constant(self, values: Any) -> str:
        """A constant tensor of the values' own type: text, whole numbers, truth values, float32 or float64."""
        array = np.asarray(values)
        name: str = self.scope.get_unique_variable_name("constant")
        is_string = array.dtype.kind in "OU"
        flat = [str(v).encode() for v in array.reshape(-1)] if is_string else array.reshape(-1)
        kind = 8 if is_string else helper.np_dtype_to_tensor_dtype(array.dtype)  # 8: STRING
        self.container.add_initializer(name, kind, list(array.shape), flat)
        return name

    def numbers(self, values: Any) -> str:
        """A constant tensor of numbers in the graph's precision."""
        return self.constant(np.asarray(values, Precision.dtype()))

    def cast(self, value: str, dtype: Any) -> str:
        """The value as another type."""
        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def as_numbers(self, value: str) -> str:
        """The value in the graph's precision."""
        return self.cast(value, Precision.dtype())

    def one_hot(self, places: str, depth: str) -> str:
        """One row for each place, with 1 there and else 0. ONNX Runtime makes none of float64."""
        ends = self.constant(np.array([0, 1], np.float32))
        return self.as_numbers(self.add("OneHot", places, depth, ends, axis=-1))

    def reshape(self, value: str, *shape: int) -> str:
        """The value in another shape."""
        return self.add("Reshape", value, self.constant(np.array(shape, np.int64)))

    def side_by_side(self, columns: Sequence[str]) -> str:
        """Matrices joined along their columns."""
        return columns[0] if len(columns) == 1 else self.add("Concat", *columns, axis=1)

    def columns(self, count: int) -> list[tuple[str, Any]]:
        """The step's input columns one by one, each [rows, 1], with the variable that it is from."""
        found: list[tuple[str, Any]] = []
        given = self.operator.inputs
        for variable in given:
            width = count if len(given) == 1 else width_of(variable) or 1
            if width == 1:
                found.append((variable.full_name, variable))
                continue
            for place in range(width):
                at = self.constant(np.array([place], np.int64))
                found.append((self.add("Gather", variable.full_name, at, axis=1), variable))
        return found

    def matrix(self) -> str:
        """The step's input as one matrix of numbers."""
        return self.side_by_side([self.as_numbers(v.full_name) for v in self.operator.inputs])

    def give(self, value: str, place: int = 0) -> None:
        """Make a value one of the step's outputs."""
        output = self.operator.outputs[place].full_name
        name = self.scope.get_unique_operator_name("Identity")
        self.container.add_node("Identity", [value], [output], name=name)
