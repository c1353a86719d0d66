"""`SplineTransformer` as ONNX nodes: on each piece between two knots a spline is a polynomial, whose factors come from a table."""

from math import factorial
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.graph import Graph, Precision
from onnxport.converter.interface import ConversionRefused


def expand(scope: Any, operator: Any, container: Any) -> None:
    """Column by column: the piece that a value lies in, and the polynomials of all splines there."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    if step.extrapolation == "error":
        raise ConversionRefused(
            "the SplineTransformer refuses values beyond its knots (extrapolation='error'), and an ONNX model cannot",
            "Fit it with extrapolation='constant', 'linear', 'continue' or 'periodic'.",
        )
    parts = [
        _one(graph, graph.as_numbers(name), step, spline)
        for (name, _), spline in zip(
            graph.columns(len(step.bsplines_)), step.bsplines_, strict=True
        )
    ]
    graph.give(graph.side_by_side(parts))


def set_expanded_shape(operator: Any) -> None:
    """A column for each spline of each column."""
    operator.outputs[0].type = Precision.tensor(int(operator.raw_operator.n_features_out_))


def _one(graph: Graph, value: str, step: Any, spline: Any) -> str:
    degree = spline.k
    low, high = spline.t[degree], spline.t[-degree - 1]
    if step.extrapolation == "periodic":
        value = _wrapped(graph, value, low, high)
    starts, factors = _pieces(step, spline, low, high)
    passed = graph.add("GreaterOrEqual", value, graph.numbers(starts[np.newaxis, 1:]))
    axis = graph.constant(np.array([1], np.int64))
    place = graph.add("ReduceSum", graph.cast(passed, np.int64), axis, keepdims=0)
    offset = graph.add(
        "Sub", value, graph.reshape(graph.add("Gather", graph.numbers(starts), place), -1, 1)
    )
    # By Horner: from the highest power to the lowest.
    total = graph.add("Gather", graph.numbers(factors[0]), place)
    for table in factors[1:]:
        lower = graph.add("Gather", graph.numbers(table), place)
        total = graph.add("Add", graph.add("Mul", total, offset), lower)
    if not step.include_bias:
        count = factors.shape[2] - 1
        total = graph.add("Gather", total, graph.constant(np.arange(count)), axis=1)
    return total


def _wrapped(graph: Graph, value: str, low: float, high: float) -> str:
    turns = graph.add("Div", graph.add("Sub", value, graph.numbers(low)), graph.numbers(high - low))
    part = graph.add("Sub", turns, graph.add("Floor", turns))
    return graph.add("Add", graph.add("Mul", part, graph.numbers(high - low)), graph.numbers(low))


def _pieces(step: Any, spline: Any, low: float, high: float) -> tuple[Any, Any]:
    """Where the pieces start, and their factors, [powers, pieces, splines], highest first. Outside there is a piece on each side."""
    degree = spline.k
    knots = spline.t
    inner = np.unique(knots[(knots >= low) & (knots <= high)])
    starts = inner[:-1]
    # Around its start, a polynomial's factors are its derivatives there.
    factors = np.stack(
        [spline(starts, nu=power) / factorial(power) for power in range(degree, -1, -1)]
    )
    below, above = factors[:, :1].copy(), factors[:, -1:].copy()
    if step.extrapolation in ("constant", "linear"):
        order = 1 if step.extrapolation == "linear" else 0
        # The value, and with `linear` the slope, at both ends.
        below, above = (np.zeros_like(below) for _ in range(2))
        for power in range(min(order, degree) + 1):
            below[degree - power, 0] = spline(low, nu=power)
            above[degree - power, 0] = spline(high, nu=power)
    return (
        np.concatenate([[low], starts, [high]])
        if step.extrapolation in ("constant", "linear")
        else np.concatenate([starts[:1], starts, starts[-1:]])
    ), np.concatenate([below, factors, above], axis=1)
