"""Ways back of targets that were transformed by power or to quantiles."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.calibration import interpolated
from onnxport.converter.inside.sklearn.graph import Graph


def from_powers(graph: Graph, step: Any, value: str) -> str:
    """`PowerTransformer.inverse_transform`."""
    if step.standardize:
        scaler = step._scaler  # noqa: SLF001
        value = graph.add("Mul", value, graph.numbers(scaler.scale_[np.newaxis]))
        value = graph.add("Add", value, graph.numbers(scaler.mean_[np.newaxis]))
    way = _from_box_cox if step.method == "box-cox" else _from_yeo_johnson
    parts = [way(graph, _column(graph, value, at), power) for at, power in enumerate(step.lambdas_)]
    return graph.side_by_side(parts)


def from_quantiles(graph: Graph, step: Any, value: str) -> str:
    """`QuantileTransformer.inverse_transform`."""
    if step.output_distribution == "normal":
        root = graph.add("Mul", value, graph.numbers(np.sqrt(0.5)))
        value = graph.add(
            "Mul", graph.add("Add", _erf(graph, root), graph.numbers(1)), graph.numbers(0.5)
        )
    parts = []
    for at in range(step.quantiles_.shape[1]):
        line = SimpleNamespace(X_thresholds_=step.references_, y_thresholds_=step.quantiles_[:, at])
        parts.append(interpolated(graph, line, _column(graph, value, at)))
    return graph.side_by_side(parts)


def _column(graph: Graph, matrix: str, at: int) -> str:
    return graph.add("Gather", matrix, graph.constant(np.array([at], np.int64)), axis=1)


def _erf(graph: Graph, value: str) -> str:
    """ONNX Runtime has it in float32 only."""
    return graph.as_numbers(graph.add("Erf", graph.cast(value, np.float32)))


def _from_box_cox(graph: Graph, value: str, power: float) -> str:
    if power == 0:
        return graph.add("Exp", value)
    base = graph.add("Add", graph.add("Mul", value, graph.numbers(power)), graph.numbers(1))
    return graph.add("Pow", base, graph.numbers(1 / power))


def _from_yeo_johnson(graph: Graph, value: str, power: float) -> str:
    """Each side of zero by itself; what is not asked for is computed at zero, where nothing can go wrong."""
    zero, one = graph.numbers(0), graph.numbers(1)
    above = _from_box_cox(graph, graph.add("Max", value, zero), power)
    below = _from_box_cox(graph, graph.add("Max", graph.add("Neg", value), zero), 2 - power)
    positive = graph.add("GreaterOrEqual", value, zero)
    return graph.add("Where", positive, graph.add("Sub", above, one), graph.add("Sub", one, below))


WAYS_BACK: dict[str, Callable[[Graph, Any, str], str]] = {
    "PowerTransformer": from_powers,
    "QuantileTransformer": from_quantiles,
}
