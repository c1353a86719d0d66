"""`OneVsRestClassifier` of one label as ONNX nodes: it follows the scores, which still differ where probabilities are all 0 or 1."""

from typing import Any

from sklearn.multiclass import OneVsRestClassifier

from onnxport.converter.inside.sklearn.graph import Graph
from onnxport.converter.inside.sklearn.inner import answers_of, best_label, last_column
from onnxport.converter.inside.sklearn.linear import normalised, of_logits
from onnxport.converter.inside.sklearn.parts import last_step

_LOGISTIC = {"LogisticRegression", "LogisticRegressionCV", "SGDClassifier"}


class OneOfMany(OneVsRestClassifier):  # type: ignore[misc]
    """One of more than two classes, where there are probabilities: other cases are left to skl2onnx."""


def as_one_of_many(model: Any) -> Any:
    """The model as one of this kind where it is; anything else as it is."""
    if (
        type(model) is OneVsRestClassifier
        and not model.multilabel_
        and len(model.estimators_) > 1
        and all(hasattr(part, "classes_") for part in model.estimators_)
        and hasattr(model, "predict_proba")
    ):
        model.__class__ = OneOfMany
    return model


def separate(scope: Any, operator: Any, container: Any) -> None:
    """The class of the best score, and probabilities that sum to one; or the scores, where asked for."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    raw = container.get_options(model, {"raw_scores": False})["raw_scores"]
    by_scores = raw or all(_is_logistic(part) for part in model.estimators_)
    answers = [
        answers_of(graph, part, operator.inputs, decision=by_scores)[1]
        for part in model.estimators_
    ]
    columns = [last_column(graph, graph.as_numbers(answer)) for answer in answers]
    found = graph.side_by_side(columns)
    graph.give(best_label(graph, found, model.classes_))
    if raw:
        graph.give(found, 1)
    elif by_scores:
        graph.give(of_logits(graph, found), 1)
    else:
        graph.give(normalised(graph, found, len(columns)), 1)


def _is_logistic(model: Any) -> bool:
    last = last_step(model)
    return type(last).__name__ in _LOGISTIC and getattr(last, "loss", "log_loss") == "log_loss"
