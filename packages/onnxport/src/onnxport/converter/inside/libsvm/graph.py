"""A small builder of ONNX graphs: one call per operator, names are numbered, constants are kept once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET = 21
_IR_VERSION = 10
_TYPES = {"float64": TensorProto.DOUBLE, "int64": TensorProto.INT64, "bool": TensorProto.BOOL}


class Graph:
    """Operators in order. An inner graph (of a loop) uses the names of the graph around it, its `outer`."""

    def __init__(self, outer: "Graph | None" = None) -> None:
        self._outer = outer
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Any] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator with one output; return the output's name."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add an operator; return the names of its outputs."""
        names = [self.name(kind.lower()) for _ in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def constant(self, value: Any, dtype: str = "float64") -> str:
        """A tensor that is part of the model; return its name."""
        if self._outer is not None:
            return self._outer.constant(value, dtype)
        array = np.ascontiguousarray(np.asarray(value, dtype))
        key = (dtype, np.shape(value), array.tobytes())
        if key not in self._constants:
            shaped = array.reshape(np.shape(value))
            self._constants[key] = numpy_helper.from_array(shaped, self.name("constant"))
        return str(self._constants[key].name)

    def name(self, stem: str) -> str:
        """A name that nothing else has."""
        if self._outer is not None:
            return self._outer.name(stem)
        self._count += 1
        return f"{stem}_{self._count}"

    def inner(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """This graph as the body of a loop."""
        return helper.make_graph(self._nodes, name, list(inputs), list(outputs))

    def model(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> bytes:
        """This graph as a model."""
        constants = list(self._constants.values())
        graph = helper.make_graph(self._nodes, name, list(inputs), list(outputs), constants)
        opsets = [helper.make_opsetid("", OPSET)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        return bytes(made.SerializeToString())


def value(name: str, dtype: str, shape: "Sequence[int | str | None] | None" = None) -> Any:
    """An input or output: its name, numpy dtype and shape (`None`: not known)."""
    return helper.make_tensor_value_info(name, _TYPES[dtype], shape)
