"""`QuantileTransformer` to a uniform distribution as ONNX nodes: skl2onnx writes so many that loading takes a minute.

scikit-learn takes the mean of a search from below and one from above, which differ only at values that several quantiles share.
"""

from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import expit
from scipy.stats import norm

from onnxport.converter.inside.sklearn.graph import Graph, Precision

_WIDEST = 18.0
_POINTS = 1025
_MARGIN = 1e-7
"""How near to the ends of its quantiles scikit-learn takes a value for an end, and how near to 0 and 1 a share may come."""


def to_quantiles(scope: Any, operator: Any, container: Any) -> None:
    """Column by column."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    columns = graph.columns(step.quantiles_.shape[1])
    parts = [
        _one(graph, graph.as_numbers(name), step.quantiles_[:, at], step.references_)
        for at, (name, _) in enumerate(columns)
    ]
    if step.output_distribution == "normal":
        parts = [
            _as_normal(graph, part, graph.as_numbers(name), step.quantiles_[:, at])
            for at, (part, (name, _)) in enumerate(zip(parts, columns, strict=True))
        ]
    graph.give(graph.side_by_side(parts))


def set_quantile_shape(operator: Any) -> None:
    """As wide as the input."""
    operator.outputs[0].type = Precision.tensor(operator.raw_operator.quantiles_.shape[1])


def _as_normal(graph: Graph, share: str, column: str, quantiles: Any) -> str:
    """What of a normal distribution lies below it in that share."""
    below = graph.add("Less", column, graph.numbers(quantiles[0] + _MARGIN))
    above = graph.add("Greater", column, graph.numbers(quantiles[-1] - _MARGIN))
    low, high = norm.ppf(_MARGIN - np.spacing(1)), norm.ppf(1 - (_MARGIN - np.spacing(1)))
    found = inverse_normal(graph, share)
    found = graph.add("Min", graph.add("Max", found, graph.numbers(low)), graph.numbers(high))
    found = graph.add("Where", below, graph.numbers(low), found)
    found = graph.add("Where", above, graph.numbers(high), found)
    return graph.add("Where", graph.add("IsNaN", column), column, found)


def inverse_normal(graph: Graph, share: str) -> str:
    """The inverse of the normal distribution, from values of it close to each other, and in between by cubic polynomials of its logit."""
    inside = graph.add(
        "Min", graph.add("Max", share, graph.numbers(_MARGIN / 2)), graph.numbers(1 - _MARGIN / 2)
    )
    rest = graph.add("Sub", graph.numbers(1), inside)
    logit = graph.add("Sub", graph.add("Log", inside), graph.add("Log", rest))
    at = np.linspace(-_WIDEST, _WIDEST, _POINTS)
    spline = CubicSpline(at, _normal_of_logit(at))
    steps = graph.add(
        "Mul", graph.add("Sub", logit, graph.numbers(-_WIDEST)), graph.numbers(1 / (at[1] - at[0]))
    )
    place = graph.cast(graph.add("Floor", steps), np.int64)
    offset = graph.add("Sub", logit, graph.add("Gather", graph.numbers(at), place))
    total = graph.add("Gather", graph.numbers(spline.c[0]), place)
    for factors in spline.c[1:]:
        lower = graph.add("Gather", graph.numbers(factors), place)
        total = graph.add("Add", graph.add("Mul", total, offset), lower)
    return total


def _normal_of_logit(logit: Any) -> Any:
    return np.where(logit < 0, norm.ppf(expit(logit)), -norm.ppf(expit(-logit)))


def _one(graph: Graph, column: str, quantiles: Any, references: Any) -> str:
    values, first = np.unique(quantiles, return_index=True)
    last = np.append(first[1:], len(quantiles)) - 1
    low, high = references[first], references[last]
    reached = _count(graph, column, "GreaterOrEqual", _rounded(values, up=True))
    passed = _count(graph, column, "Greater", _rounded(values, up=False))
    # Of the values that are passed the last: 0 is none, so the tables begin with what is below all.
    rise = np.append((low[1:] - high[:-1]) / np.diff(values), 0.0)
    start, height, slope = (
        graph.add("Gather", graph.numbers(np.append(below, listed)), passed)
        for below, listed in ((values[0], values), (references[0], high), (0.0, rise))
    )
    between = graph.add("Add", height, graph.add("Mul", slope, graph.add("Sub", column, start)))
    # On a value: the mean of its first and last reference; at the ends those of the distribution, however many quantiles share them.
    middle = (low + high) / 2
    middle[0], middle[-1] = references[0], references[-1]
    table = graph.numbers(np.append(references[0], middle))
    on = graph.add("Gather", table, reached)
    exact = graph.add("Greater", reached, passed)
    found = graph.add("Where", exact, on, between)
    return graph.add("Where", graph.add("IsNaN", column), column, found)


def _count(graph: Graph, column: str, comparison: str, values: Any) -> str:
    over = graph.cast(graph.add(comparison, column, graph.constant(values[np.newaxis])), np.int64)
    return graph.add("ReduceSum", over, graph.constant(np.array([1], np.int64)), keepdims=1)


def _rounded(values: Any, *, up: bool) -> Any:
    """Values in the graph's precision, to a side: a float32 x is >= v when it is >= the smallest float32 that is, and > likewise."""
    nearest = values.astype(Precision.dtype())
    away = np.nextafter(nearest, np.array(np.inf if up else -np.inf, nearest.dtype))
    return np.where(nearest < values if up else nearest > values, away, nearest)
