"""A CatBoost model as an ONNX graph."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from onnxport.converter.inside.catboost.columns import input_kinds, input_places, write_columns
from onnxport.converter.inside.catboost.read import Model
from onnxport.converter.inside.catboost.vocabulary import Vocabulary
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


def outputs_of(model: Model, inputs: Sequence[str]) -> tuple[Output, ...]:
    """The outputs, in order; with other names where one of the inputs has the name of one."""
    outputs = _usual_outputs(model)
    if not {output.name for output in outputs} & set(inputs):
        return outputs
    return tuple(
        replace(o, name=f"output_{o.name}", scores=o.scores and f"output_{o.scores}")
        for o in outputs
    )


def _usual_outputs(model: Model) -> tuple[Output, ...]:
    if model.answers == "labels":
        return many_label_outputs()
    return class_outputs(model.labels) if model.labels else value_output()


def input_names(model: Model, vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """The names that the inputs get; empty for the one input `X`."""
    if vocabulary is None:
        return ()
    return tuple(model.names[place] for place in input_places(model, vocabulary))


def write_model(
    model: Model, vocabulary: Vocabulary | None, opset: int | None, *, double: bool
) -> bytes:
    """The ONNX model; `double` adds up in float64."""
    width = len(model.names)
    if vocabulary is None:
        graph, tensor, trees = Graph("CatBoost", width), INPUT, model.trees
    else:
        graph = Graph("CatBoost", width, input_kinds(model, vocabulary))
        tensor, trees = write_columns(graph, model, vocabulary)
    sums = write_forest(graph, trees, model.base, tensor, double=double)
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
