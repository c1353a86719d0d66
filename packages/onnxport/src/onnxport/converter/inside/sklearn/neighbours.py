"""Neighbours as ONNX nodes: with weights by distance, within a radius, and to fill gaps; skl2onnx gives other answers for these."""

from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.distances import distances, nearest
from onnxport.converter.inside.sklearn.graph import Graph
from onnxport.converter.inside.sklearn.inner import best_label, plain_classes
from onnxport.converter.inside.sklearn.preparing import missing_in
from onnxport.converter.interface import ConversionRefused

_ROWS = np.array([1], np.int64)


def vote(scope: Any, operator: Any, container: Any) -> None:
    """`KNeighborsClassifier`: the votes of the nearest rows, each as one or by its distance."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    far, places = nearest(graph, _distances(graph, model), model.n_neighbors)
    votes = graph.add("Gather", graph.numbers(_one_hot(model)), places)
    total = _weighted_sum(graph, model, far, votes)
    graph.give(best_label(graph, total, model.classes_))
    graph.give(_share(graph, total), 1)


def average(scope: Any, operator: Any, container: Any) -> None:
    """`KNeighborsRegressor`: the mean of the nearest rows, equally or by their distances."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    far, places = nearest(graph, _distances(graph, model), model.n_neighbors)
    values = graph.add("Gather", graph.numbers(_targets(model)), places)
    total = _weighted_sum(graph, model, far, values)
    count = _sum(graph, _weights(graph, model, far))
    graph.give(graph.add("Div", total, count))


def vote_within(scope: Any, operator: Any, container: Any) -> None:
    """`RadiusNeighborsClassifier`; a row without neighbours leads beyond the table of labels where the model refuses it."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    if isinstance(model.classes_, list):
        raise ConversionRefused(
            "a RadiusNeighborsClassifier of several labels cannot be converted",
            "Fit one for each label.",
        )
    weights = _weights_within(graph, model)
    total = graph.add("MatMul", weights, graph.numbers(_one_hot(model)))
    lonely = graph.reshape(graph.add("Equal", _sum(graph, weights), graph.numbers(0)), -1)
    best = graph.add("ArgMax", total, axis=1, keepdims=0)
    classes = plain_classes(model.classes_)
    outlier = None if model.outlier_label_ is None else model.outlier_label_[0]
    table = classes if outlier is None else np.append(classes, plain_classes([outlier]))
    beyond = graph.constant(np.array(len(classes), np.int64))
    place = graph.add("Where", lonely, beyond, best)
    graph.give(graph.add("Gather", graph.constant(table), place))
    shares = np.zeros((1, len(classes)))
    shares[0, np.flatnonzero(classes == table[-1])] = outlier is not None
    alone = graph.reshape(lonely, -1, 1)
    graph.give(graph.add("Where", alone, graph.numbers(shares), _share(graph, total)), 1)


def average_within(scope: Any, operator: Any, container: Any) -> None:
    """`RadiusNeighborsRegressor`: NaN without neighbours, as in scikit-learn."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    weights = _weights_within(graph, model)
    total = graph.add("MatMul", weights, graph.numbers(_targets(model)))
    graph.give(graph.add("Div", total, _sum(graph, weights)))


def fill_by_neighbours(scope: Any, operator: Any, container: Any) -> None:
    """`KNNImputer`: column by column from the nearest rows that have a value there; their mean where none can be compared."""
    graph = Graph(scope, operator, container)
    imputer = operator.raw_operator
    if imputer.metric != "nan_euclidean":
        raise ConversionRefused(
            "the KNNImputer uses a metric of its own, which cannot be converted",
            "Fit it with metric='nan_euclidean'.",
        )
    held = np.where(imputer._mask_fit_X, np.nan, imputer._fit_X)  # noqa: SLF001
    columns = graph.columns(held.shape[1])
    masks = [missing_in(graph, name, imputer.missing_values) for name, _ in columns]
    gap = graph.numbers(np.nan)
    values = [
        graph.add("Where", mask, gap, graph.as_numbers(name))
        for mask, (name, _) in zip(masks, columns, strict=True)
    ]
    far = distances(graph, graph.side_by_side(values), held, "nan_euclidean")
    filled = []
    for at, value in enumerate(values):
        if imputer._valid_mask[at]:  # noqa: SLF001
            found = _from_donors(graph, imputer, held[:, at], far)
            filled.append(graph.add("Where", masks[at], found, value))
        elif imputer.keep_empty_features:
            filled.append(graph.add("Where", masks[at], graph.numbers(0), graph.numbers([[0]])))
    if imputer.add_indicator:
        filled += [graph.as_numbers(masks[at]) for at in imputer.indicator_.features_]
    graph.give(graph.side_by_side(filled))


def _from_donors(graph: Graph, imputer: Any, column: Any, far: str) -> str:
    donors = np.flatnonzero(~np.isnan(column))
    near = graph.add("Gather", far, graph.constant(donors), axis=1)
    near, places = nearest(graph, near, min(imputer.n_neighbors, len(donors)))
    given = graph.add("Gather", graph.numbers(column[donors]), places)
    weights = _weights(graph, imputer, near)
    known = graph.add("Less", near, graph.numbers(np.inf))
    weights = graph.add("Where", known, weights, graph.numbers(0))
    total = _sum(graph, weights)
    none = graph.add("Equal", total, graph.numbers(0))
    mean = graph.add("Div", _sum(graph, graph.add("Mul", weights, given)), total)
    return graph.add("Where", none, graph.numbers(column[donors].mean()), mean)


def _distances(graph: Graph, model: Any) -> str:
    metric = model.effective_metric_
    options = dict(model.effective_metric_params_ or {})
    power = options.pop("p", 2)
    if options or callable(metric):
        raise ConversionRefused(
            f"the {type(model).__name__} uses a metric with weights or of its own, which cannot be converted",
            "Fit it with metric='euclidean', 'manhattan', 'chebyshev', 'minkowski' or 'cosine'.",
        )
    return distances(graph, graph.matrix(), model._fit_X, metric, power)  # noqa: SLF001


def _weights(graph: Graph, model: Any, far: str) -> str:
    """Of neighbours: 1 each, or one over their distance; where some are at distance 0, only these count."""
    if model.weights not in ("uniform", "distance", None):
        raise ConversionRefused(
            f"the {type(model).__name__} weighs neighbours with a function of its own, which cannot be converted",
            "Fit it with weights='uniform' or 'distance'.",
        )
    if model.weights != "distance":
        return graph.add(
            "Add", graph.add("Mul", _finite(graph, far), graph.numbers(0)), _one(graph)
        )
    same = graph.as_numbers(graph.add("Equal", far, graph.numbers(0)))
    some = graph.add("ReduceMax", same, graph.constant(_ROWS), keepdims=1)
    any_same = graph.add("Greater", some, graph.numbers(0))
    return graph.add("Where", any_same, same, graph.add("Reciprocal", far))


def _weights_within(graph: Graph, model: Any) -> str:
    far = _distances(graph, model)
    near = graph.add("LessOrEqual", far, graph.numbers(model.radius))
    far = graph.add("Where", near, far, graph.numbers(np.inf))
    return graph.add("Where", near, _weights(graph, model, far), graph.numbers(0))


def _finite(graph: Graph, far: str) -> str:
    return graph.add("Where", graph.add("IsInf", far), _one(graph), far)


def _one(graph: Graph) -> str:
    return graph.numbers(1)


def _weighted_sum(graph: Graph, model: Any, far: str, values: str) -> str:
    """Over neighbours: `far` is [rows, neighbours], `values` [rows, neighbours, columns]."""
    last = graph.constant(np.array([2], np.int64))
    weights = graph.add("Unsqueeze", _weights(graph, model, far), last)
    weighted = graph.add("Mul", weights, values)
    return graph.add("ReduceSum", weighted, graph.constant(_ROWS), keepdims=0)


def _sum(graph: Graph, matrix: str) -> str:
    return graph.add("ReduceSum", matrix, graph.constant(_ROWS), keepdims=1)


def _share(graph: Graph, total: str) -> str:
    return graph.add("Div", total, _sum(graph, total))


def _one_hot(model: Any) -> Any:
    return np.eye(len(model.classes_))[np.ravel(model._y)]  # noqa: SLF001


def _targets(model: Any) -> Any:
    return np.asarray(model._y, float).reshape(len(model._y), -1)  # noqa: SLF001
