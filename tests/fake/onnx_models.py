"""Small ONNX models, built where a test needs them."""

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import helper


def tensor(name: str, shape: Sequence[int | str | None] | None = ("n", 4), dtype: int = 1) -> Any:
    """A graph input or output."""
    return helper.make_tensor_value_info(name, dtype, shape)


def make_model(
    nodes: Sequence[Any] | None = None,
    *,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    initializers: Sequence[Any] = (),
    opsets: Sequence[tuple[str, int]] = (("", 17),),
    ir_version: int = 9,
    **more: Any,
) -> onnx.ModelProto:
    """A model; by default one that gives back its float32 rows of four."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])] if nodes is None else nodes,
        "g",
        [tensor("x")] if inputs is None else inputs,
        [tensor("y")] if outputs is None else outputs,
        initializer=initializers,
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets]
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version, **more)


def external_tensor(
    name: str, dims: Sequence[int], location: str, *, offset: int | None = None, length: int | None = None
) -> Any:  # fmt: skip
    """A float32 weight that lies in another file."""
    made = onnx.TensorProto(
        name=name, data_type=1, dims=dims, data_location=onnx.TensorProto.EXTERNAL
    )
    entries = {"location": location, "offset": offset, "length": length}
    for key, value in entries.items():
        if value is not None:
            made.external_data.add(key=key, value=str(value))
    return made


def make_adding_model(weight: Any) -> onnx.ModelProto:
    """A model that adds the weight `w` to its input."""
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    return make_model(nodes, initializers=[weight])
