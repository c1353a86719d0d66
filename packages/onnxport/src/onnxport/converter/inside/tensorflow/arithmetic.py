"""Operations on numbers that tf2onnx has no ONNX operators for, or computes otherwise than TensorFlow does.

A handler gets tf2onnx's graph and the node, removes the node, and makes others that give a tensor of the same name.
"""

from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.making import Maker, numpy_of


def one_minus_erf(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """What the exact GELU is computed by."""
    make = Maker(graph, node)
    erf = make.inner("Erf", make.inputs, make.kind)
    make.last("Sub", [_number(make, 1), erf])


def gelu_of_lite(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """TFLite's own operation: exact, or by `tanh`."""
    nearly = bool(node.get_attr_value("approximate", 0))
    make = Maker(graph, node)
    (given,) = make.inputs
    if nearly:
        cube = make.inner("Mul", [given, make.inner("Mul", [given, given], make.kind)], make.kind)
        more = make.inner("Mul", [cube, _number(make, 0.044715)], make.kind)
        inner = make.inner("Add", [given, more], make.kind)
        inner = make.inner("Mul", [inner, _number(make, np.sqrt(2 / np.pi))], make.kind)
        share = make.inner("Tanh", [inner], make.kind)
    else:
        inner = make.inner("Mul", [given, _number(make, np.sqrt(0.5))], make.kind)
        share = make.inner("Erf", [inner], make.kind)
    half = make.inner("Mul", [given, _number(make, 0.5)], make.kind)
    make.last("Mul", [half, make.inner("Add", [share, _number(make, 1)], make.kind)])


def exp_minus_one(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`tanh(x/2) * (exp(x) + 1)`: `exp(x) - 1` has no digits left where x is small."""
    make = Maker(graph, node)
    half = make.inner("Mul", [*make.inputs, _number(make, 0.5)], make.kind)
    power = make.inner("Exp", make.inputs, make.kind)
    more = make.inner("Add", [power, _number(make, 1)], make.kind)
    make.last("Mul", [make.inner("Tanh", [half], make.kind), more])


def log_of_one_plus(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`2 atanh(x / (2 + x))` where x is small, so that `1 + x` would lose its digits."""
    from onnx import TensorProto

    make = Maker(graph, node)
    (given,) = make.inputs
    size = make.inner("Abs", [given], make.kind)
    small = make.inner("Less", [size, _number(make, 0.25)], TensorProto.BOOL)
    near = make.inner("Where", [small, given, _number(make, 0)], make.kind)
    share = make.inner(
        "Div", [near, make.inner("Add", [near, _number(make, 2)], make.kind)], make.kind
    )
    exact = make.inner(
        "Mul", [make.inner("Atanh", [share], make.kind), _number(make, 2)], make.kind
    )
    usual = make.inner("Log", [make.inner("Add", [given, _number(make, 1)], make.kind)], make.kind)
    make.last("Where", [small, exact, usual])


def x_times_log(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`x log(y)`, 0 where x is 0 whatever y is."""
    from onnx import TensorProto

    plus_one = node.type == "Xlog1py"
    make = Maker(graph, node)
    given, other = make.inputs
    other = make.inner("Add", [other, _number(make, 1)], make.kind) if plus_one else other
    product = make.inner("Mul", [given, make.inner("Log", [other], make.kind)], make.kind)
    nothing = make.inner("Equal", [given, _number(make, 0)], TensorProto.BOOL)
    make.last("Where", [nothing, _number(make, 0), product])


def any_or_all(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """Whether any, or all, along some axes are true: the largest, or smallest, of them as numbers."""
    from onnx import TensorProto

    operator = {"Any": "ReduceMax", "All": "ReduceMin"}[node.type]
    axes = np.asarray(node.inputs[1].get_tensor_value(as_list=False), np.int64).reshape(-1)
    keep = int(node.get_attr_value("keep_dims", 0) or 0)
    make = Maker(graph, node)
    numbers = make.inner("Cast", make.inputs[:1], TensorProto.INT32, to=TensorProto.INT32)
    kind = TensorProto.INT32
    if make.opset >= 18:
        found = make.inner(operator, [numbers, make.constant(axes)], kind, keepdims=keep)
    else:
        found = make.inner(operator, [numbers], kind, keepdims=keep, axes=axes.tolist())
    make.last("Cast", [found], to=TensorProto.BOOL)


def rest_of_division(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """The rest with the sign of the divisor; tf2onnx gives whole numbers that of the dividend."""
    if not _is_whole(graph, node):
        from tf2onnx.onnx_opset.math import FloorMod

        FloorMod.version_7(graph, node)
        return
    make = Maker(graph, node)
    make.last("Mod", make.inputs, fmod=0)


def division_downwards(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """Division of whole numbers, rounded down; tf2onnx rounds towards zero."""
    if not _is_whole(graph, node):
        from tf2onnx.onnx_opset.math import FloorDiv

        FloorDiv.version_6(graph, node)
        return
    make = Maker(graph, node)
    rest = make.inner("Mod", make.inputs, make.kind, fmod=0)
    exact = make.inner("Sub", [make.inputs[0], rest], make.kind)
    make.last("Div", [exact, make.inputs[1]])


def one_hot(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """Numbers below zero are nowhere, as those that are too large; ONNX counts them from the end."""
    from onnx import TensorProto
    from tf2onnx.onnx_opset.tensor import OneHot

    kind = graph.get_dtype(node.input[0])
    if kind in {TensorProto.INT32, TensorProto.INT64} and graph.opset >= 9:
        zero, far = (
            graph.make_const(f"{node.name}/{name}", np.array(value, numpy_of(kind)))
            for name, value in (("zero", 0), ("far", np.iinfo(np.int32).max))
        )
        below = graph.make_node(
            "Less", [node.input[0], zero.output[0]], dtypes=[TensorProto.BOOL], skip_conversion=True
        )
        shape = graph.get_shape(node.input[0])
        moved = graph.make_node(
            "Where",
            [below.output[0], far.output[0], node.input[0]],
            dtypes=[kind],
            shapes=[shape],
        )
        graph.replace_input(node, node.input[0], moved.output[0], 0)
    version = OneHot.version_11 if graph.opset >= 11 else OneHot.version_9
    version(graph, node)


def sign_bit(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """The bits of a float of which only the sign is looked at, as Keras does before `argmax`: all others are left at 0."""
    from onnx import TensorProto

    users = graph.find_output_consumers(node.output[0])
    kinds = graph.get_dtype(node.input[0]), graph.get_dtype(node.output[0])
    if kinds != (TensorProto.FLOAT, TensorProto.INT32) or not all(map(_takes_sign, users)):
        return
    make = Maker(graph, node)
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


def bucketize(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """How many boundaries a value has reached."""
    from onnx import TensorProto

    given = graph.get_dtype(node.input[0])
    boundaries = np.array(node.get_attr_value("boundaries"), np.float32)
    make = Maker(graph, node)
    values = make.inner("Cast", make.inputs, TensorProto.FLOAT, to=TensorProto.FLOAT)
    values = values if given != TensorProto.FLOAT else make.inputs[0]
    axis = make.constant(np.array([-1], np.int64))
    column = make.inner("Unsqueeze", [values, axis], TensorProto.FLOAT)
    reached = make.inner("GreaterOrEqual", [column, make.constant(boundaries)], TensorProto.BOOL)
    numbers = make.inner("Cast", [reached], TensorProto.INT32, to=TensorProto.INT32)
    make.last("ReduceSum", [numbers, axis], keepdims=0)


def place_among_sorted(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`searchsorted`: how many of the sorted numbers of a row are below a value, or not above it."""
    from onnx import TensorProto

    operator = {"LowerBound": "Less", "UpperBound": "LessOrEqual"}[node.type]
    given = graph.get_dtype(node.input[0])
    make = Maker(graph, node)
    ordered, values = make.inputs
    last, middle = make.constant(np.array([-1], np.int64)), make.constant(np.array([1], np.int64))
    row = make.inner("Unsqueeze", [ordered, middle], given)
    column = make.inner("Unsqueeze", [values, last], given)
    passed = make.inner(operator, [row, column], TensorProto.BOOL)
    numbers = make.inner("Cast", [passed], make.kind, to=make.kind)
    make.last("ReduceSum", [numbers, last], keepdims=0)


def _number(make: Maker, value: float) -> str:
    return make.constant(np.array(value, numpy_of(make.kind)))


def _is_whole(graph: Any, node: Any) -> bool:
    return bool(np.dtype(numpy_of(graph.get_dtype(node.input[0]))).kind in "iu")


def _takes_sign(user: Any) -> bool:
    least = np.iinfo(np.int32).min
    constants = [given for given in user.inputs if given is not None and given.is_const()]
    values = [given.get_tensor_value(as_list=False) for given in constants]
    return user.type == "BitwiseAnd" and any(np.all(value == least) for value in values)
