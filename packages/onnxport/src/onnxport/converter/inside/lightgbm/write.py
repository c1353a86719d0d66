"""A booster as an ONNX graph."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from onnxport.converter.inside.lightgbm.linear import write_linear
from onnxport.converter.inside.lightgbm.text import Model
from onnxport.converter.inside.trees.answers import (
    class_outputs,
    value_output,
    write_classes,
    write_two_classes,
    write_values,
)
from onnxport.converter.inside.trees.forest import write_forest
from onnxport.converter.inside.trees.graph import INPUT, Graph
from onnxport.converter.interface import Output

_CLASSIFIERS = {"binary", "multiclass", "multiclassova"}


def labels_of(model: Model, classes: Sequence[Any] | None) -> Sequence[Any] | None:
    """The classes of a classifier: those of its estimator, else numbers from 0. `None` for other models."""
    if model.objective not in _CLASSIFIERS:
        return None
    return range(max(2, model.outputs)) if classes is None else classes


def outputs_of(labels: Sequence[Any] | None) -> tuple[Output, ...]:
    """The outputs, in order."""
    return value_output() if labels is None else class_outputs(labels)


def write_model(model: Model, labels: Sequence[Any] | None, opset: int | None) -> bytes:
    """The ONNX model; it takes and adds up float64 where the model is read so."""
    double = model.is_double
    graph = Graph("LightGBM", len(model.names), is_double=double)
    if model.linear:
        sums = write_linear(graph, _averaged_linear(model))
    else:
        sums = write_forest(graph, _averaged(model), np.zeros(model.outputs), INPUT, double=double)
    return graph.finish(_answers(graph, model, sums, labels), opset)


def _averaged(model: Model) -> Any:
    """The trees, of which random forests take the average."""
    if not model.is_average:
        return model.trees
    rounds = len(model.trees) // model.outputs
    return [replace(tree, weights=tree.weights / rounds) for tree in model.trees]


def _averaged_linear(model: Model) -> Model:
    if not model.is_average:
        return model
    rounds = len(model.trees) // model.outputs
    linear = tuple(
        replace(
            leaves,
            values=leaves.values / rounds,
            constants=leaves.constants / rounds,
            coefficients=leaves.coefficients / rounds,
        )
        for leaves in model.linear
    )
    return replace(model, linear=linear)


def _answers(
    graph: Graph, model: Model, sums: str, labels: Sequence[Any] | None
) -> dict[str, tuple[str, int]]:
    answer = _linked(graph, model, sums)
    if labels is None:
        return dict(write_values(graph, answer, model.outputs))
    if model.outputs == 1:
        return dict(write_two_classes(graph, answer, labels))
    # By the probabilities, as LightGBM chooses.
    return dict(write_classes(graph, answer, answer, labels))


def _linked(graph: Graph, model: Model, sums: str) -> str:
    match model.link:
        case "exponential":
            return graph.add("Exp", sums)
        case "logistic":
            steepness = float(model.settings.get("sigmoid", 1.0))
            steep = graph.add("Mul", sums, graph.number(steepness)) if steepness != 1 else sums
            return graph.add("Sigmoid", steep)
        case "softmax":
            return graph.add("Softmax", sums, axis=1)
        case "softplus":
            return graph.add("Softplus", sums)
        case "square":
            return graph.add("Mul", sums, graph.add("Abs", sums))
    return sums
