"""Operations that models use and tf2onnx has no ONNX operators for, made of operators that there are.

A handler gets tf2onnx's graph and the node, removes the node, and makes others that give a tensor of the same name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_ML = "ai.onnx.ml"


def handlers(tables: Mapping[Any, tuple[Any, Any]]) -> dict[str, Any]:
    """By the operation's name, as tf2onnx takes them."""

    def look_up(graph: Any, node: Any, *_: Any) -> None:
        _look_up(graph, node, tables)

    made = {
        "Erfc": _one_minus_erf,
        "Expm1": _exp_minus_one,
        "Log1p": _log_of_one_plus,
        "Any": _any,
        "Bitcast": _sign_bit,
        "Bucketize": _bucketize,
        "LookupTableFindV2": look_up,
    }
    return {name: (handler, []) for name, handler in made.items()}


class _Maker:
    """Makes nodes in place of one that is taken out of the graph."""

    def __init__(self, graph: Any, node: Any) -> None:
        self.inputs = list(node.input)
        self.kind = graph.get_dtype(node.output[0])
        self.shape = graph.get_shape(node.output[0])
        self._graph, self._node = graph, node
        self._outputs = list(node.output)
        graph.remove_node(node.name)

    def constant(self, value: Any) -> str:
        name = f"{self._node.name}/constant_{self._graph.opset}_{len(self._graph.get_nodes())}"
        return str(self._graph.make_const(name, value).output[0])

    def inner(self, operator: str, inputs: Sequence[str], kind: int, **attributes: Any) -> str:
        node = self._graph.make_node(operator, list(inputs), attr=attributes, dtypes=[kind])
        return str(node.output[0])

    def last(
        self, operator: str, inputs: Sequence[str], domain: str = "", **attributes: Any
    ) -> None:
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


def _one_minus_erf(graph: Any, node: Any, *_: Any) -> None:
    """What the exact GELU is computed by."""
    make = _Maker(graph, node)
    erf = make.inner("Erf", make.inputs, make.kind)
    make.last("Sub", [make.constant(np.array(1, _numpy(make.kind))), erf])


def _exp_minus_one(graph: Any, node: Any, *_: Any) -> None:
    make = _Maker(graph, node)
    power = make.inner("Exp", make.inputs, make.kind)
    make.last("Sub", [power, make.constant(np.array(1, _numpy(make.kind)))])


def _log_of_one_plus(graph: Any, node: Any, *_: Any) -> None:
    make = _Maker(graph, node)
    more = make.inner(
        "Add", [*make.inputs, make.constant(np.array(1, _numpy(make.kind)))], make.kind
    )
    make.last("Log", [more])


def _any(graph: Any, node: Any, *_: Any) -> None:
    """Whether any along some axes is true: the largest of them as numbers."""
    from onnx import TensorProto

    axes = np.asarray(node.inputs[1].get_tensor_value(as_list=False), np.int64).reshape(-1)
    keep = int(node.get_attr_value("keep_dims", 0) or 0)
    make = _Maker(graph, node)
    numbers = make.inner("Cast", make.inputs[:1], TensorProto.INT32, to=TensorProto.INT32)
    if graph.opset >= 18:
        largest = make.inner(
            "ReduceMax", [numbers, make.constant(axes)], TensorProto.INT32, keepdims=keep
        )
    else:
        largest = make.inner(
            "ReduceMax", [numbers], TensorProto.INT32, keepdims=keep, axes=axes.tolist()
        )
    make.last("Cast", [largest], to=TensorProto.BOOL)


def _sign_bit(graph: Any, node: Any, *_: Any) -> None:
    """The bits of a float of which only the sign is looked at, as Keras does before `argmax`: all others are left at 0."""
    from onnx import TensorProto

    users = graph.find_output_consumers(node.output[0])
    kinds = graph.get_dtype(node.input[0]), graph.get_dtype(node.output[0])
    if kinds != (TensorProto.FLOAT, TensorProto.INT32) or not all(map(_takes_sign, users)):
        return
    make = _Maker(graph, node)
    given = make.inputs[0]
    zero, one = make.constant(np.array(0, np.float32)), make.constant(np.array(1, np.float32))
    below = make.inner("Less", [given, zero], TensorProto.BOOL)
    # A negative zero is not below zero, but one divided by it is.
    is_zero = make.inner("Equal", [given, zero], TensorProto.BOOL)
    inverse = make.inner("Div", [one, given], TensorProto.FLOAT)
    inverse_below = make.inner("Less", [inverse, zero], TensorProto.BOOL)
    negative_zero = make.inner("And", [is_zero, inverse_below], TensorProto.BOOL)
    negative = make.inner("Or", [below, negative_zero], TensorProto.BOOL)
    least = make.constant(np.array(np.iinfo(np.int32).min, np.int32))
    make.last("Where", [negative, least, make.constant(np.array(0, np.int32))])


def _takes_sign(user: Any) -> bool:
    least = np.iinfo(np.int32).min
    constants = [given for given in user.inputs if given is not None and given.is_const()]
    values = [given.get_tensor_value(as_list=False) for given in constants]
    return user.type == "BitwiseAnd" and any(np.all(value == least) for value in values)


def _bucketize(graph: Any, node: Any, *_: Any) -> None:
    """How many boundaries a value has reached."""
    from onnx import TensorProto

    given = graph.get_dtype(node.input[0])
    boundaries = np.array(node.get_attr_value("boundaries"), np.float32)
    make = _Maker(graph, node)
    values = make.inner("Cast", make.inputs, TensorProto.FLOAT, to=TensorProto.FLOAT)
    values = values if given != TensorProto.FLOAT else make.inputs[0]
    axis = make.constant(np.array([-1], np.int64))
    column = make.inner("Unsqueeze", [values, axis], TensorProto.FLOAT)
    reached = make.inner("GreaterOrEqual", [column, make.constant(boundaries)], TensorProto.BOOL)
    numbers = make.inner("Cast", [reached], TensorProto.INT32, to=TensorProto.INT32)
    make.last("ReduceSum", [numbers, axis], keepdims=0)


def _look_up(graph: Any, node: Any, tables: Mapping[Any, tuple[Any, Any]]) -> None:
    """A table from whole numbers to whole numbers; those with text are tf2onnx's own."""
    from onnx import TensorProto
    from tf2onnx.custom_opsets.onnx_ml import LookupTableFind

    kinds = {graph.get_dtype(node.input[1]), graph.get_dtype(node.output[0])}
    if kinds != {TensorProto.INT64}:
        LookupTableFind.version_8(graph, node, initialized_tables=dict(tables))
        return
    table = node.inputs[0]
    while table.type == "Identity":
        table = table.inputs[0]
    keys, values = tables[table.get_attr_value("shared_name")]
    default = int(node.inputs[2].get_tensor_value())
    shape = graph.get_shape(node.input[1])
    make = _Maker(graph, node)
    make.shape = shape
    make.last(
        "LabelEncoder",
        [make.inputs[1]],
        domain=_ML,
        keys_int64s=[int(key) for key in keys],
        values_int64s=[int(value) for value in values],
        default_int64=default,
    )
    if not graph.find_output_consumers(table.output[0]):
        graph.remove_node(table.name)


def _numpy(kind: int) -> Any:
    from tf2onnx.utils import map_onnx_to_numpy_type

    return map_onnx_to_numpy_type(kind)
