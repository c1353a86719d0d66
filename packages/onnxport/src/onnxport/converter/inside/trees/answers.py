"""From sums to answers: the outputs of classifiers and regressors, and the operators that make them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from onnxport.converter.inside.trees.graph import Graph
from onnxport.converter.interface import Output

Written = Mapping[str, tuple[str, int]]
_LABEL, _PROBABILITIES, _PREDICTION = "label", "probabilities", "prediction"


def class_outputs(labels: Sequence[Any]) -> tuple[Output, ...]:
    """The label of the likeliest class, and the probabilities of all."""
    return (
        Output(_LABEL, "label", scores=_PROBABILITIES, labels=tuple(labels)),
        Output(_PROBABILITIES),
    )


def many_label_outputs() -> tuple[Output, ...]:
    """One label per target (0 or 1), and the probabilities that they are 1."""
    return Output(_LABEL, "label"), Output(_PROBABILITIES)


def value_output() -> tuple[Output, ...]:
    """One number, or several, per row."""
    return (Output(_PREDICTION),)


def write_values(graph: Graph, values: str, width: int) -> Written:
    """The values as they are: [batch] where there is one per row, else [batch, width]."""
    if width == 1:
        values = graph.add("Reshape", values, graph.constant(np.array([-1], np.int64)))
    return {_PREDICTION: (values, TensorProto.FLOAT)}


def write_two_classes(
    graph: Graph, second: str, labels: Sequence[Any], score: str = "", threshold: float = 0.5
) -> Written:
    """From the probability [batch, 1] of the second class: it is chosen where that, or the `score` if given, is above the threshold."""
    first = graph.add("Sub", graph.number(1.0), second)
    both = graph.add("Concat", first, second, axis=1)
    above = graph.add("Greater", score or second, graph.number(threshold))
    chosen = graph.add("Cast", above, to=TensorProto.INT64)
    flat = graph.add("Reshape", chosen, graph.constant(np.array([-1], np.int64)))
    return _with_labels(graph, flat, both, labels)


def write_classes(graph: Graph, scores: str, probabilities: str, labels: Sequence[Any]) -> Written:
    """From one score per class: the highest is chosen, the first of equals."""
    chosen = graph.add("ArgMax", scores, axis=1, keepdims=0)
    return _with_labels(graph, chosen, probabilities, labels)


def write_many_labels(graph: Graph, probabilities: str, threshold: float = 0.5) -> Written:
    """Each target is 1 where its probability is above the threshold."""
    above = graph.add("Greater", probabilities, graph.number(threshold))
    labels = graph.add("Cast", above, to=TensorProto.INT64)
    return {
        _LABEL: (labels, TensorProto.INT64),
        _PROBABILITIES: (probabilities, TensorProto.FLOAT),
    }


def _with_labels(graph: Graph, chosen: str, probabilities: str, labels: Sequence[Any]) -> Written:
    as_text = any(isinstance(label, str) for label in labels)
    kind = TensorProto.STRING if as_text else TensorProto.INT64
    if as_text or list(labels) != list(range(len(labels))):
        values = np.array(labels, object if as_text else np.int64)
        chosen = graph.add("Gather", graph.constant(values), chosen)
    return {_LABEL: (chosen, kind), _PROBABILITIES: (probabilities, TensorProto.FLOAT)}
