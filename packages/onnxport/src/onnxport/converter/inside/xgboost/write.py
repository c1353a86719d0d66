"""A booster as an ONNX graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from onnxport.converter.inside.trees.answers import (
    class_outputs,
    many_label_outputs,
    value_output,
    write_classes,
    write_many_labels,
    write_two_classes,
    write_values,
)
from onnxport.converter.inside.trees.forest import write_forest
from onnxport.converter.inside.trees.graph import INPUT, Graph
from onnxport.converter.inside.xgboost.learner import Learner
from onnxport.converter.interface import Output

_CLASSIFIERS = {"binary:logistic", "multi:softmax", "multi:softprob"}


def labels_of(learner: Learner) -> Sequence[Any] | None:
    """The classes of a classifier: numbers from 0, unless an old estimator named them. `None` for other models."""
    if learner.objective not in _CLASSIFIERS or has_many_labels(learner):
        return None
    count = max(2, len(learner.base))
    named = learner.classes
    return named if named is not None and len(named) == count else range(count)


def has_many_labels(learner: Learner) -> bool:
    """Whether each row gets several labels of 0 or 1."""
    return learner.objective == "binary:logistic" and len(learner.base) > 1


def outputs_of(learner: Learner) -> tuple[Output, ...]:
    """The outputs, in order."""
    if has_many_labels(learner):
        return many_label_outputs()
    labels = labels_of(learner)
    return value_output() if labels is None else class_outputs(labels)


def write_learner(learner: Learner, missing: float, opset: int | None, *, double: bool) -> bytes:
    """The ONNX model. `missing` is the number that stands for a missing value, beside NaN; `double` adds up in float64."""
    graph = Graph("XGBoost", learner.columns)
    tensor = INPUT if np.isnan(missing) else _without(graph, missing)
    if learner.weights is None:
        sums = write_forest(graph, learner.trees, learner.base, tensor, less=True, double=double)
    else:
        sums = _write_linear(graph, learner, tensor)
    return graph.finish(_answers(graph, learner, sums), opset)


def _without(graph: Graph, missing: float) -> str:
    is_missing = graph.add("Equal", INPUT, graph.number(missing))
    return graph.add("Where", is_missing, graph.number(np.nan), INPUT)


def _write_linear(graph: Graph, learner: Learner, tensor: str) -> str:
    """Missing values add nothing."""
    filled = graph.add("Where", graph.add("IsNaN", tensor), graph.number(0.0), tensor)
    doubled = graph.add("Cast", filled, to=TensorProto.DOUBLE)
    products = graph.add("MatMul", doubled, graph.constant(learner.weights[:-1]))
    start = graph.constant(learner.weights[-1] + learner.base)
    return graph.add("Cast", graph.add("Add", products, start), to=TensorProto.FLOAT)


def _answers(graph: Graph, learner: Learner, sums: str) -> dict[str, tuple[str, int]]:
    labels = labels_of(learner)
    answer = sums
    if learner.link == "logistic":
        answer = graph.add("Sigmoid", sums)
    elif learner.link == "exponential":
        answer = graph.add("Exp", sums)
    elif learner.link == "hinge":
        above = graph.add("Greater", sums, graph.number(0.0))
        answer = graph.add("Cast", above, to=TensorProto.FLOAT)
    elif learner.link == "softmax":
        answer = graph.add("Softmax", sums, axis=1)
    if has_many_labels(learner):
        return dict(write_many_labels(graph, answer))
    if labels is None:
        return dict(write_values(graph, answer, len(learner.base)))
    if learner.link == "softmax":
        return dict(write_classes(graph, sums, answer, labels))
    return dict(write_two_classes(graph, answer, labels))
