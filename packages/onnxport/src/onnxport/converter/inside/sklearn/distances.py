"""Distances and kernels between the rows of a step's input and rows that a model holds.

Differences are taken row by row, in a loop: products of matrices would be faster, and lose the digits of what is near.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from onnxport.converter.inside.sklearn.graph import Graph, Precision
from onnxport.converter.interface import ConversionRefused

_LAST = np.array([1], np.int64)
_Node = tuple[str, tuple[str, ...]]
# Of the differences `d`, [rows held, columns]: nodes that end in the distance.
_METRICS: dict[str, tuple[_Node, ...]] = {
    "sqeuclidean": (("ReduceSumSquare", ("d", "axis")),),
    "euclidean": (("ReduceSumSquare", ("d", "axis")), ("Sqrt", ("0",))),
    "manhattan": (("ReduceL1", ("d", "axis")),),
    "chebyshev": (("Abs", ("d",)), ("ReduceMax", ("0", "axis"))),
    "minkowski": (
        ("Abs", ("d",)),
        ("Pow", ("0", "power")),
        ("ReduceSum", ("1", "axis")),
        ("Pow", ("2", "root")),
    ),
    # Of the columns that neither row lacks, scaled to all; infinite where there are none.
    "nan_euclidean": (
        ("IsNaN", ("d",)),
        ("Where", ("0", "zero", "d")),
        ("ReduceSumSquare", ("1", "axis")),
        ("Where", ("0", "zero", "one")),
        ("ReduceSum", ("3", "axis")),
        ("Div", ("2", "4")),
        ("Mul", ("5", "width")),
        ("Sqrt", ("6",)),
        ("IsNaN", ("7",)),
        ("Where", ("8", "infinite", "7")),
    ),
}
_SAME = {"l2": "euclidean", "l1": "manhattan", "cityblock": "manhattan", "infinity": "chebyshev"}


def distances(graph: Graph, rows: str, points: Any, metric: str, power: float = 2) -> str:
    """How far each row is from each point, [rows, points]."""
    metric = _SAME.get(metric, metric)
    if metric == "cosine":
        return graph.add("Sub", graph.numbers(1), cosine(graph, rows, points))
    if metric not in _METRICS:
        raise ConversionRefused(
            f"distances of the metric '{metric}' cannot be converted",
            f"Fit with one of: cosine, {', '.join(sorted(set(_METRICS) - {'sqeuclidean'}))}.",
        )
    dtype = Precision.dtype()
    values = {
        "points": np.asarray(points),
        "power": power,
        "root": 1 / power,
        "zero": 0,
        "one": 1,
        "width": np.shape(points)[1],
        "infinite": np.inf,
    }
    held = {name: np.asarray(value, dtype) for name, value in values.items()} | {"axis": _LAST}
    nodes = [helper.make_node("Sub", ["points", "row"], ["d"])]
    for at, (kind, names) in enumerate(_METRICS[metric]):
        named = {"keepdims": 0} if kind.startswith("Reduce") else {}
        nodes.append(helper.make_node(kind, list(names), [str(at)], **named))
    last = nodes[-1].output[0]
    used = {name for node in nodes for name in node.input}
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    body = helper.make_graph(
        nodes,
        "distances",
        [helper.make_tensor_value_info("row", kind, [np.shape(points)[1]])],
        [helper.make_tensor_value_info(last, kind, [len(points)])],
        [numpy_helper.from_array(array, name) for name, array in held.items() if name in used],
    )
    return graph.add("Scan", rows, body=body, num_scan_inputs=1)


def cosine(graph: Graph, rows: str, points: Any) -> str:
    """The cosine of the angle between each row and each point."""
    points = np.asarray(points, float)
    length = graph.add("ReduceL2", rows, graph.constant(_LAST), keepdims=1)
    none = graph.add("Equal", length, graph.numbers(0))
    unit = graph.add("Div", rows, graph.add("Where", none, graph.numbers(1), length))
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    held = points / np.where(lengths > 0, lengths, 1)
    return graph.add("MatMul", unit, graph.numbers(held.T))


def nearest(graph: Graph, matrix: str, count: int) -> tuple[str, str]:
    """The smallest values of each row and where they are, [rows, count] each, smallest first."""
    number = graph.constant(np.array([count], np.int64))
    values, places = graph.add_several("TopK", 2, matrix, number, axis=1, largest=0, sorted=1)
    return values, places


def kernel(graph: Graph, model: Any, rows: str, points: Any) -> str:
    """`kernel` of a model with `gamma`, `degree` and `coef0`, as `pairwise_kernels` computes it."""
    name = model.kernel
    gamma = getattr(model, "gamma", None)
    gamma = 1 / np.shape(points)[1] if gamma is None else gamma
    if callable(name) or name not in _KERNELS:
        raise ConversionRefused(
            f"the {type(model).__name__} uses the kernel {getattr(name, '__name__', name)!r}, which cannot be converted",
            f"Fit it with one of: {', '.join(_KERNELS)}.",
        )
    return _KERNELS[name](graph, model, rows, points, gamma)


def _product(graph: Graph, rows: str, points: Any) -> str:
    return graph.add("MatMul", rows, graph.numbers(np.asarray(points, float).T))


def _line(graph: Graph, model: Any, rows: str, points: Any, gamma: float) -> str:
    scaled = graph.add("Mul", _product(graph, rows, points), graph.numbers(gamma))
    shift = 1 if getattr(model, "coef0", None) is None else model.coef0
    return graph.add("Add", scaled, graph.numbers(shift))


def _falling(metric: str) -> Callable[..., str]:
    def write(graph: Graph, _: Any, rows: str, points: Any, gamma: float) -> str:
        far = distances(graph, rows, points, metric)
        return graph.add("Exp", graph.add("Mul", far, graph.numbers(-gamma)))

    return write


def _polynomial(graph: Graph, model: Any, *given: Any) -> str:
    degree = 3 if getattr(model, "degree", None) is None else model.degree
    return graph.add("Pow", _line(graph, model, *given), graph.numbers(degree))


_KERNELS: dict[str, Callable[..., str]] = {
    "linear": lambda graph, _, rows, points, __: _product(graph, rows, points),
    "cosine": lambda graph, _, rows, points, __: cosine(graph, rows, points),
    "rbf": _falling("sqeuclidean"),
    "laplacian": _falling("manhattan"),
    "poly": _polynomial,
    "polynomial": _polynomial,
    "sigmoid": lambda graph, *given: graph.add("Tanh", _line(graph, *given)),
}
