"""`MLPClassifier` and `MLPRegressor` as ONNX nodes: skl2onnx gives several outputs in a wrong shape."""

from typing import Any

import numpy as np
from skl2onnx.common.data_types import Int64TensorType
from sklearn.base import is_classifier

from onnxport.converter.inside.sklearn.graph import Graph, Precision
from onnxport.converter.inside.sklearn.inner import best_label

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "identity": "Identity"}


def feed_forward(scope: Any, operator: Any, container: Any) -> None:
    """Layers one after another."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    value = graph.matrix()
    for at, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        product = graph.add("MatMul", value, graph.numbers(weights))
        value = graph.add("Add", product, graph.numbers(bias))
        if at < len(model.coefs_) - 1:
            value = graph.add(_ACTIVATIONS[model.activation], value)
    if not is_classifier(model):
        graph.give(value)
        return
    soft = model.out_activation_ == "softmax"
    value = graph.add("Softmax", value, axis=1) if soft else graph.add("Sigmoid", value)
    if has_several_labels(model):
        over = graph.add("Greater", value, graph.numbers(0.5))
        graph.give(graph.cast(over, np.int64))
        graph.give(value, 1)
        return
    if model.n_outputs_ == 1:
        value = graph.side_by_side([graph.add("Sub", graph.numbers(1), value), value])
    graph.give(best_label(graph, value, model.classes_))
    graph.give(value, 1)


def parse_several_labels(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """A network of several labels gives them and their probabilities; one of one label is a classifier like others."""
    from skl2onnx._parse import _parse_sklearn_classifier

    if not has_several_labels(model):
        return _parse_sklearn_classifier(scope, model, inputs, custom_parsers)
    operator = scope.declare_local_operator("OnnxportNetworkOfLabels", model)
    operator.inputs = inputs
    count = model.n_outputs_
    labels = scope.declare_local_variable("label", Int64TensorType([None, count]))
    scores = scope.declare_local_variable("probabilities", Precision.tensor(count))
    operator.outputs.extend([labels, scores])
    return operator.outputs


def has_several_labels(model: Any) -> bool:
    """Whether each row may have several labels at once."""
    kind: str = model._label_binarizer.y_type_  # noqa: SLF001
    return kind == "multilabel-indicator"
