"""`CalibratedClassifierCV` as ONNX nodes: skl2onnx takes one input only, and its isotonic steps are not scikit-learn's lines."""

from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.graph import Graph, Precision
from onnxport.converter.inside.sklearn.inner import answers_of, best_label, last_column
from onnxport.converter.interface import ConversionRefused

_SMALLEST = 1e-12


def calibrate(scope: Any, operator: Any, container: Any) -> None:
    """The mean of what each calibrated classifier gives."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    parts = [_one(graph, part, operator.inputs) for part in model.calibrated_classifiers_]
    # ONNX Runtime has no `Mean` of float64.
    total = graph.add("Sum", *parts) if len(parts) > 1 else parts[0]
    mean = graph.add("Div", total, graph.numbers(len(parts)))
    graph.give(best_label(graph, mean, model.classes_))
    graph.give(mean, 1)


def regress(scope: Any, operator: Any, container: Any) -> None:
    """`IsotonicRegression` by itself: outside of its points the nearest value, or NaN."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    column = graph.matrix()
    found = interpolated(graph, model, column)
    if model.out_of_bounds == "raise":
        raise ConversionRefused(
            "the IsotonicRegression refuses values outside of those that it was fitted on, and an ONNX model cannot",
            "Fit it with out_of_bounds='clip' or 'nan'.",
        )
    if model.out_of_bounds == "nan":
        low, high = (graph.numbers(end) for end in (model.X_min_, model.X_max_))
        outside = graph.add(
            "Or", graph.add("Less", column, low), graph.add("Greater", column, high)
        )
        found = graph.add("Where", outside, graph.numbers(np.nan), found)
    graph.give(found)


def _one(graph: Graph, part: Any, inputs: Any) -> str:
    decision = hasattr(part.estimator, "decision_function")
    answered = answers_of(graph, part.estimator, inputs, decision=decision)
    scores = graph.as_numbers(answered[1])
    two = len(part.classes) == 2
    if part.method == "temperature":
        return _cooled(graph, part, scores, decision=decision)
    columns = (
        [last_column(graph, scores)] if two else _columns(graph, scores, len(part.calibrators))
    )
    calibrated = [
        _calibrated(graph, calibrator, column)
        for calibrator, column in zip(part.calibrators, columns, strict=True)
    ]
    if two:
        other = graph.add("Sub", graph.numbers(1), calibrated[0])
        return graph.side_by_side([other, calibrated[0]])
    return _normalised(graph, _in_order(graph, part, calibrated), len(part.classes))


def _columns(graph: Graph, scores: str, count: int) -> list[str]:
    places = [graph.constant(np.array([at], np.int64)) for at in range(count)]
    return [graph.add("Gather", scores, place, axis=1) for place in places]


def _in_order(graph: Graph, part: Any, calibrated: list[str]) -> str:
    """By the classes of the whole; zero for one that this part never saw."""
    known = dict(zip(part.estimator.classes_, calibrated, strict=True))
    zero = graph.add("Mul", calibrated[0], graph.numbers(0))
    return graph.side_by_side([known.get(label, zero) for label in part.classes])


def _normalised(graph: Graph, matrix: str, count: int) -> str:
    total = graph.add("ReduceSum", matrix, graph.constant(np.array([1], np.int64)), keepdims=1)
    none = graph.add("Equal", total, graph.numbers(0))
    divided = graph.add("Div", matrix, graph.add("Where", none, graph.numbers(1), total))
    return graph.add("Where", none, graph.numbers(np.full((1, count), 1 / count)), divided)


def _calibrated(graph: Graph, calibrator: Any, column: str) -> str:
    if hasattr(calibrator, "a_"):
        line = graph.add("Mul", column, graph.numbers(-calibrator.a_))
        return graph.add("Sigmoid", graph.add("Sub", line, graph.numbers(calibrator.b_)))
    return interpolated(graph, calibrator, column)


def interpolated(graph: Graph, isotonic: Any, column: str) -> str:
    """An isotonic regression of one column: straight lines between its points, level outside of them."""
    at, value = isotonic.X_thresholds_, isotonic.y_thresholds_
    if len(at) == 1:
        zero = graph.add("Mul", column, graph.numbers(0))
        return graph.add("Add", zero, graph.numbers(value[0]))
    # Points that are too close for the precision would make a slope without end.
    kept = np.append(True, np.diff(at.astype(Precision.dtype())) > 0)
    at, value = at[kept], value[kept]
    slope = np.diff(value) / np.diff(at)
    inside = graph.add("Min", graph.add("Max", column, graph.numbers(at[0])), graph.numbers(at[-1]))
    passed = graph.add("GreaterOrEqual", inside, graph.numbers(at[1:-1][np.newaxis]))
    axis = graph.constant(np.array([1], np.int64))
    place = graph.add("ReduceSum", graph.cast(passed, np.int64), axis, keepdims=1)
    start, height, rise = (
        graph.add("Gather", graph.numbers(table), place) for table in (at[:-1], value[:-1], slope)
    )
    return graph.add("Add", height, graph.add("Mul", rise, graph.add("Sub", inside, start)))


def _cooled(graph: Graph, part: Any, scores: str, *, decision: bool) -> str:
    if not decision:
        scores = graph.add("Log", graph.add("Add", scores, graph.numbers(_SMALLEST)))
    elif len(part.classes) == 2:
        one = last_column(graph, scores)
        scores = graph.side_by_side([graph.add("Neg", one), one])
    scaled = graph.add("Mul", scores, graph.numbers(part.calibrators[0].beta_))
    return graph.add("Softmax", scaled, axis=1)
