"""`SGDClassifier` as ONNX nodes: its label follows the scores, also where its probabilities are equal."""

from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.graph import Graph
from onnxport.converter.inside.sklearn.inner import best_label

_AXIS = np.array([1], np.int64)


def descend(scope: Any, operator: Any, container: Any) -> None:
    """The label, and the probabilities that its loss has; else, or where asked for, the scores."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    count = len(model.classes_)
    product = graph.add("MatMul", graph.matrix(), graph.numbers(model.coef_.T))
    scores = graph.add("Add", product, graph.numbers(model.intercept_[np.newaxis]))
    whole = scores if count > 2 else graph.side_by_side([graph.add("Neg", scores), scores])
    graph.give(best_label(graph, whole, model.classes_))
    raw = container.get_options(model, {"raw_scores": False})["raw_scores"]
    if raw or not hasattr(model, "predict_proba"):
        graph.give(whole, 1)
        return
    if model.loss == "log_loss":
        shares = graph.add("Sigmoid", whole) if count == 2 else of_logits(graph, whole)
    else:
        bounded = graph.add("Min", graph.add("Max", whole, graph.numbers(-1)), graph.numbers(1))
        shares = graph.add("Mul", graph.add("Add", bounded, graph.numbers(1)), graph.numbers(0.5))
        shares = normalised(graph, shares, count) if count > 2 else shares
    graph.give(shares, 1)


def of_logits(graph: Graph, scores: str) -> str:
    """Sigmoids divided by their sum, through their logarithms: far below zero all sigmoids are 0 in float32."""
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", scores)))
    rest = graph.add("Log", graph.add("Add", small, graph.numbers(1)))
    logarithm = graph.add("Sub", graph.add("Min", scores, graph.numbers(0)), rest)
    return graph.add("Softmax", logarithm, axis=1)


def normalised(graph: Graph, shares: str, count: int) -> str:
    """Each row divided by its sum; even where that is 0."""
    total = graph.add("ReduceSum", shares, graph.constant(_AXIS), keepdims=1)
    none = graph.add("Equal", total, graph.numbers(0))
    even = graph.numbers(np.full((1, count), 1 / count))
    return graph.add("Where", none, even, graph.add("Div", shares, total))
