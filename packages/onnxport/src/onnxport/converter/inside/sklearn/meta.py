"""Models made of models: stacking, several outputs, chains, thresholds, and targets that were transformed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from skl2onnx.common.data_types import Int64TensorType, StringTensorType
from sklearn.base import is_classifier

from onnxport.converter.inside.sklearn import targets
from onnxport.converter.inside.sklearn.functions import written
from onnxport.converter.inside.sklearn.graph import Graph, Precision, is_text
from onnxport.converter.inside.sklearn.inner import (
    answers_of,
    as_variable,
    best_label,
    last_column,
    plain_classes,
)
from onnxport.converter.inside.sklearn.parts import last_step
from onnxport.converter.interface import ConversionRefused


def stack(scope: Any, operator: Any, container: Any) -> None:
    """`StackingClassifier` and `StackingRegressor`, also of pipelines that take columns of several types."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    methods = [m for m in getattr(model, "stack_method_", ()) if m is not None]
    parts = [
        _said(graph, estimator, operator.inputs, method)
        for estimator, method in zip(model.estimators_, methods, strict=True)
    ]
    if model.passthrough:
        if any(is_text(variable) for variable in operator.inputs):
            raise ConversionRefused(
                "the stacking passes columns of text on to its final estimator",
                "Encode the columns before the stacking.",
            )
        parts.append(graph.matrix())
    merged = as_variable(graph, graph.side_by_side(parts), model.final_estimator_.n_features_in_)
    answers = answers_of(graph, model.final_estimator_, [merged])
    if not is_classifier(model):
        graph.give(graph.as_numbers(answers[0]))
        return
    graph.give(graph.add("Gather", graph.constant(plain_classes(model.classes_)), answers[0]))
    graph.give(graph.as_numbers(answers[1]), 1)


def bag(scope: Any, operator: Any, container: Any) -> None:
    """`BaggingClassifier`: the mean of the probabilities, or of the votes of models that have none, each on its columns."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    rows = graph.matrix()
    count = len(model.classes_)
    parts = []
    for estimator, columns in zip(model.estimators_, model.estimators_features_, strict=True):
        seen = graph.add("Gather", rows, graph.constant(np.asarray(columns, np.int64)), axis=1)
        answers = answers_of(graph, estimator, [as_variable(graph, seen, len(columns))])
        # Its labels are places among the classes of the whole, and it need not know all.
        if hasattr(last_step(estimator), "predict_proba"):
            places = np.eye(count)[np.asarray(estimator.classes_, int)]
            shares = graph.as_numbers(answers[1])
            parts.append(graph.add("MatMul", shares, graph.numbers(places)))
        else:
            depth = graph.constant(np.array(count, np.int64))
            parts.append(graph.one_hot(graph.reshape(answers[0], -1), depth))
    total = graph.add("Sum", *parts) if len(parts) > 1 else parts[0]
    shares = graph.add("Div", total, graph.numbers(len(parts)))
    graph.give(best_label(graph, shares, model.classes_))
    graph.give(shares, 1)


def several_outputs(scope: Any, operator: Any, container: Any) -> None:
    """`MultiOutputClassifier` (labels, then the probabilities of each) and `MultiOutputRegressor`."""
    graph = Graph(scope, operator, container)
    answers = [answers_of(graph, e, operator.inputs) for e in operator.raw_operator.estimators_]
    first = [graph.reshape(answer[0], -1, 1) for answer in answers]
    if not is_classifier(operator.raw_operator):
        graph.give(graph.side_by_side([graph.as_numbers(value) for value in first]))
        return
    graph.give(graph.side_by_side(first))
    for place in range(1, len(operator.outputs)):
        graph.give(graph.as_numbers(answers[place - 1][1]), place)


def parse_several(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """One tensor of labels, and one of probabilities for each of them."""
    operator = scope.declare_local_operator("OnnxportSeveral", model)
    operator.inputs = inputs
    classes = [estimator.classes_ for estimator in model.estimators_]
    made = [scope.declare_local_variable("label", label_type(classes[0], len(classes)))]
    made += [
        scope.declare_local_variable("probabilities", Precision.tensor(len(known)))
        for known in classes
    ]
    operator.outputs.extend(made)
    return operator.outputs


def chain(scope: Any, operator: Any, container: Any) -> None:
    """`ClassifierChain` and `RegressorChain`: each model sees the columns and what the models before it said."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    columns = graph.matrix()
    said: list[str] = []
    labels: list[str] = []
    scores: list[str] = []
    method = getattr(model, "chain_method_", "predict")
    for place, estimator in enumerate(model.estimators_):
        merged = graph.side_by_side([columns, *said])
        count = estimator.n_features_in_
        answers = answers_of(graph, estimator, [as_variable(graph, merged, count)])
        label = graph.reshape(answers[0], -1, 1)
        labels.append(label)
        if len(answers) > 1:
            scores.append(last_column(graph, graph.as_numbers(answers[1])))
        said.append(scores[place] if method == "predict_proba" else graph.as_numbers(label))
    order = np.argsort(model.order_)
    graph.give(graph.side_by_side([labels[at] for at in order]))
    if len(operator.outputs) > 1:
        graph.give(graph.side_by_side([scores[at] for at in order]), 1)


def parse_chain(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """Labels and probabilities, or predictions, with one column for each model."""
    operator = scope.declare_local_operator("OnnxportChain", model)
    operator.inputs = inputs
    count = len(model.estimators_)
    if not is_classifier(model):
        operator.outputs.append(scope.declare_local_variable("values", Precision.tensor(count)))
        return operator.outputs
    labels = label_type(model.estimators_[0].classes_, count)
    operator.outputs.append(scope.declare_local_variable("label", labels))
    if hasattr(model, "predict_proba"):
        scores = scope.declare_local_variable("probabilities", Precision.tensor(count))
        operator.outputs.append(scores)
    return operator.outputs


def transform_back(scope: Any, operator: Any, container: Any) -> None:
    """`TransformedTargetRegressor`: what its regressor says, through the way back of its target."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    value = graph.as_numbers(answers_of(graph, model.regressor_, operator.inputs)[0])
    graph.give(_back(graph, model.transformer_, value))


def decide(scope: Any, operator: Any, container: Any) -> None:
    """`FixedThresholdClassifier` and `TunedThresholdClassifierCV`: the label by a threshold of their own."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    scores = graph.as_numbers(
        answers_of(graph, model.estimator_, operator.inputs, decision=_by_decision(model))[1]
    )
    first, second = plain_classes(model.classes_)
    asked = _asked_label(model)
    positive, negative = (first, second) if asked == first else (second, first)
    column = graph.constant(np.array([int(positive == second)], np.int64))
    score = graph.add("Gather", scores, column, axis=1)
    over = graph.add("GreaterOrEqual", score, graph.numbers(_threshold(model)))
    place = graph.reshape(graph.cast(over, np.int64), -1)
    graph.give(graph.add("Gather", graph.constant(np.array([negative, positive])), place))
    graph.give(scores, 1)


def _asked_label(model: Any) -> Any:
    if hasattr(model, "_curve_scorer"):
        return model._curve_scorer._get_pos_label()  # noqa: SLF001
    return model.pos_label


def _by_decision(model: Any) -> bool:
    asked = model._get_response_method()  # noqa: SLF001
    names = [asked] if isinstance(asked, str) else list(asked)
    used = next(name for name in names if hasattr(model.estimator_, name))
    return used == "decision_function"


def _threshold(model: Any) -> float:
    threshold = getattr(model, "best_threshold_", None)
    if threshold is None:
        threshold = model.threshold
    if threshold == "auto":
        return 0.0 if _by_decision(model) else 0.5
    return float(threshold)


def _said(graph: Graph, estimator: Any, inputs: Sequence[Any], method: str | None) -> str:
    """What a stacking takes from one of its models: [rows, columns]."""
    answers = answers_of(graph, estimator, inputs, decision=method == "decision_function")
    if method in (None, "predict"):
        return graph.reshape(graph.as_numbers(answers[0]), -1, 1)
    scores = graph.as_numbers(answers[1])
    # With two classes the second column says it all.
    return last_column(graph, scores) if len(estimator.classes_) == 2 else scores


def label_type(classes: Any, count: int) -> Any:
    """skl2onnx's type of so many labels."""
    is_number = plain_classes(classes).dtype.kind == "i"
    return (Int64TensorType if is_number else StringTensorType)([None, count])


def _back(graph: Graph, transformer: Any, value: str) -> str:
    kind = type(transformer).__name__
    if kind == "FunctionTransformer":
        arguments = transformer.inv_kw_args
        write = written(transformer.inverse_func, arguments, "TransformedTargetRegressor")
        return write(graph, value)
    if kind in {"StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler"}:
        # Linear: two points say how it goes.
        width = transformer.n_features_in_
        low, high = transformer.inverse_transform(np.array([[0.0] * width, [1.0] * width]))
        scaled = graph.add("Mul", value, graph.numbers((high - low)[np.newaxis]))
        return graph.add("Add", scaled, graph.numbers(low[np.newaxis]))
    if kind in targets.WAYS_BACK:
        return targets.WAYS_BACK[kind](graph, transformer, value)
    raise ConversionRefused(
        f"the TransformedTargetRegressor transforms its target with a {kind}, whose way back cannot be converted",
        "Use func and inverse_func of numpy (log1p and expm1, say), a linear scaler, PowerTransformer or QuantileTransformer.",
    )
