"""A CatBoost model as an ONNX graph."""

import math
from collections.abc import Mapping

import numpy as np

from onnxport.converter.inside.catboost.read import Model
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
from onnxport.converter.interface import Output


def outputs_of(model: Model) -> tuple[Output, ...]:
    """The outputs, in order."""
    if model.answers == "labels":
        return many_label_outputs()
    return class_outputs(model.labels) if model.labels else value_output()


def write_model(model: Model, opset: int | None, *, double: bool) -> bytes:
    """The ONNX model; `double` adds up in float64."""
    graph = Graph("CatBoost", len(model.names))
    sums = write_forest(graph, model.trees, model.base, INPUT, double=double)
    return graph.finish(_answers(graph, model, sums), opset)


def _answers(graph: Graph, model: Model, sums: str) -> Mapping[str, tuple[str, int]]:
    match model.answers:
        case "two classes":
            # CatBoost, too, compares the sum and not the probability.
            border = math.log(model.threshold / (1.0 - model.threshold))
            second = graph.add("Sigmoid", sums)
            return write_two_classes(graph, second, model.labels, sums, border)
        case "classes":
            return write_classes(graph, sums, graph.add("Softmax", sums, axis=1), model.labels)
        case "one against all":
            return write_classes(graph, sums, graph.add("Sigmoid", sums), model.labels)
        case "labels":
            return write_many_labels(graph, graph.add("Sigmoid", sums))
        case "exponential":
            return write_values(graph, graph.add("Exp", sums), model.outputs)
        case "uncertainty":
            return write_values(graph, _with_variance(graph, sums), model.outputs)
    return write_values(graph, sums, model.outputs)


def _with_variance(graph: Graph, sums: str) -> str:
    """The mean, and the variance, of which the sum is the logarithm of the root."""
    first, second = (np.array([place], np.int64) for place in (0, 1))
    mean = graph.add("Gather", sums, graph.constant(first), axis=1)
    spread = graph.add("Gather", sums, graph.constant(second), axis=1)
    variance = graph.add("Exp", graph.add("Mul", spread, graph.number(2.0)))
    return graph.add("Concat", mean, variance, axis=1)
