"""Writing an ONNX graph of one input `X` [batch, columns], or of one per column; the same calls give the same bytes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnxport.converter.interface import ConversionRefused

INPUT = "X"
_ML_DOMAIN, _ML_OPSET = "ai.onnx.ml", 3
_OPSET, _OLDEST_OPSET = 21, 13


class Graph:
    """A graph in the making. Tensors are known by their names, which `constant` and `add` give.

    Its input is `X` of float32, or of float64 where `is_double`, unless `inputs` gives the columns' names and element types.
    """

    def __init__(
        self,
        name: str,
        columns: int,
        inputs: Mapping[str, int] | None = None,
        *,
        is_double: bool = False,
    ) -> None:
        self._name = name
        self.is_double = is_double
        kind = TensorProto.DOUBLE if is_double else TensorProto.FLOAT
        self._inputs = (
            [helper.make_tensor_value_info(INPUT, kind, ["batch", columns])]
            if inputs is None
            else [
                helper.make_tensor_value_info(n, element, ["batch", 1])
                for n, element in inputs.items()
            ]
        )
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: Any) -> str:
        """A tensor that is part of the model."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def number(self, value: float) -> str:
        """A float32 scalar."""
        return self.constant(np.float32(value))

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator; return the name of its only output."""
        output = f"{operator.lower()}_{len(self._nodes)}"
        node = helper.make_node(operator, inputs, [output], output, domain=domain, **attributes)
        self._nodes.append(node)
        return output

    def add_trees(self, tensor: str, attributes: list[Any]) -> str:
        """Add a tree ensemble of float32 sums, its attributes as protobuf messages."""
        output = self.add("TreeEnsembleRegressor", tensor, domain=_ML_DOMAIN)
        self._nodes[-1].attribute.extend(attributes)
        return output

    def finish(self, outputs: Mapping[str, tuple[str, int]], opset: int | None) -> bytes:
        """Make the model, with outputs by name: the tensor and its element type.

        Raises `ConversionRefused` for an operator set that is too old or too new.
        """
        newest = onnx.defs.onnx_opset_version()
        if opset is not None and not _OLDEST_OPSET <= opset <= newest:
            raise ConversionRefused(
                f"operator set {opset} was asked for; this converter writes {_OLDEST_OPSET} to {newest}",
                f"Ask for one of these with --opset, or leave it out for {_OPSET}.",
            )
        for name, (tensor, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [tensor], [name], name))
        graph = helper.make_graph(
            self._nodes,
            self._name,
            self._inputs,
            [helper.make_tensor_value_info(n, kind, None) for n, (_, kind) in outputs.items()],
            self._constants,
        )
        imports = [
            helper.make_opsetid("", opset or _OPSET),
            helper.make_opsetid(_ML_DOMAIN, _ML_OPSET),
        ]
        model = helper.make_model(
            graph, opset_imports=imports, ir_version=helper.find_min_ir_version_for(imports)
        )
        return bytes(model.SerializeToString())
