"""Making ONNX nodes in place of one of TensorFlow's, in tf2onnx's graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class Maker:
    """Makes nodes in place of one that is taken out of the graph."""

    def __init__(self, graph: Any, node: Any) -> None:
        self.inputs = list(node.input)
        self.kind = graph.get_dtype(node.output[0])
        self.shape = graph.get_shape(node.output[0])
        self._graph, self._node = graph, node
        self._outputs = list(node.output)
        self._made = 0
        graph.remove_node(node.name)

    @property
    def opset(self) -> int:
        """The operator set that is made."""
        return int(self._graph.opset)

    def constant(self, value: Any) -> str:
        """The name of a tensor that holds this."""
        name = f"{self._node.name}/constant_{self._made}"
        self._made += 1
        return str(self._graph.make_const(name, np.asarray(value)).output[0])

    def inner(
        self, operator: str, inputs: Sequence[str], kind: int, domain: str = "", **attributes: Any
    ) -> str:
        """The name of the tensor, of ONNX's type `kind`, that a node on the way gives."""
        node = self._graph.make_node(
            operator, list(inputs), attr=attributes, dtypes=[kind], domain=domain
        )
        return str(node.output[0])

    def several(
        self, operator: str, inputs: Sequence[str], kinds: Sequence[int], **attributes: Any
    ) -> list[str]:
        """The names of all tensors that a node on the way gives."""
        node = self._graph.make_node(
            operator, list(inputs), attr=attributes, output_count=len(kinds), dtypes=list(kinds)
        )
        return [str(name) for name in node.output]

    def named(
        self, operator: str, inputs: Sequence[str], name: str, kind: int, **attributes: Any
    ) -> str:
        """A node that gives one of several tensors of the node taken out, under its name."""
        self._graph.make_node(
            operator, list(inputs), attr=attributes, outputs=[name], dtypes=[kind]
        )
        return name

    def fresh(self, name: str) -> str:
        """A name that no tensor has."""
        self._made += 1
        return f"{self._node.name}/{name}_{self._made}"

    def last(
        self, operator: str, inputs: Sequence[str], domain: str = "", **attributes: Any
    ) -> None:
        """The node that gives what the one taken out gave, under its name."""
        self._graph.make_node(
            operator,
            list(inputs),
            attr=attributes,
            name=self._node.name,
            outputs=self._outputs,
            dtypes=[self.kind],
            shapes=[self.shape],
            domain=domain,
        )


def numpy_of(kind: int) -> Any:
    """The numpy type of ONNX's number for it."""
    from tf2onnx.utils import map_onnx_to_numpy_type

    return map_onnx_to_numpy_type(kind)
