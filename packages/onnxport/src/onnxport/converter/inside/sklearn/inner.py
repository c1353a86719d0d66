"""Models inside models: adding one to the graph and taking its answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from skl2onnx._parse import _parse_sklearn
from sklearn.base import is_classifier

from onnxport.converter.inside.sklearn.graph import Graph, Precision
from onnxport.converter.inside.sklearn.parts import last_step
from onnxport.converter.interface import ConversionRefused


def answers_of(
    graph: Graph, estimator: Any, inputs: Sequence[Any], *, decision: bool = False
) -> list[str]:
    """The outputs of a model inside this one: of a classifier the label and its scores.

    Scores are probabilities where it has them; with `decision` what `decision_function` gives, of two classes in the last column.
    """
    last = last_step(estimator)
    if is_classifier(last):
        takes_raw = graph.container.has_options(last, "raw_scores")
        raw = decision or not hasattr(last, "predict_proba")
        if decision and hasattr(last, "predict_proba") and not takes_raw:
            raise ConversionRefused(
                f"the decision function of a {type(last).__name__} inside another model cannot be converted",
                "Use an estimator whose probabilities are used instead.",
            )
        options = {"zipmap": False, **({"raw_scores": raw} if takes_raw else {})}
        for registry in (graph.scope, graph.container):
            registry.add_options(id(last), dict(options))
    found = _parse_sklearn(graph.scope, estimator, list(inputs))
    return [variable.full_name for variable in found]


def as_variable(graph: Graph, name: str, columns: int) -> Any:
    """A tensor of this graph as the input of a model inside."""
    made = graph.scope.declare_local_variable("merged", Precision.tensor(columns))
    step = graph.scope.get_unique_operator_name("Identity")
    graph.container.add_node("Identity", [name], [made.full_name], name=step)
    made.init_status(is_fed=True)
    return made


def last_column(graph: Graph, matrix: str) -> str:
    """The last column of a matrix, [rows, 1]."""
    return graph.add("Gather", matrix, graph.constant(np.array([-1], np.int64)), axis=1)


def plain_classes(classes: Any) -> Any:
    """Labels as ONNX holds them: whole numbers or text."""
    array = np.asarray(classes)
    return array.astype(np.int64) if array.dtype.kind in "biuf" else array.astype(str)


def best_label(graph: Graph, scores: str, classes: Any) -> str:
    """The class of the largest score in each row; of equal ones the first."""
    best = graph.add("ArgMax", scores, axis=1, keepdims=0)
    return graph.add("Gather", graph.constant(plain_classes(classes)), best)
