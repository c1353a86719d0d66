"""A copy of a fitted model in plainer words, that predicts the same: what searches found in their place, no empty steps, dense numbers."""

import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from onnxport.converter.inside.sklearn.affine import as_affine
from onnxport.converter.inside.sklearn.boosting import without_categories
from onnxport.converter.inside.sklearn.groups import as_distances
from onnxport.converter.inside.sklearn.one_vs_rest import as_one_of_many
from onnxport.converter.inside.sklearn.parts import steps_of
from onnxport.converter.inside.sklearn.rounding import splits_float32, with_rounding

_INSIDE = (
    "estimator",
    "estimator_",
    "final_estimator_",
    "regressor_",
)
_LISTS = ("estimators_", "calibrated_classifiers_", "pairwise_estimators_")


def simplified(model: Any) -> Any:
    """The copy. The model itself is not changed."""
    return _plain(copy.deepcopy(model))


class Kept(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What a feature selection that can also predict does as a step: `support` says which columns it keeps."""

    def __init__(self, support: Any) -> None:
        self.support = support

    def get_support(self, *, indices: bool = False) -> Any:
        """The columns that are kept, as truth values or as places."""
        return np.flatnonzero(self.support) if indices else self.support


def _plain(model: Any) -> Any:
    if hasattr(model, "best_estimator_"):
        return _plain(model.best_estimator_)
    if type(model).__name__ == "FrozenEstimator":
        return _plain(model.estimator)
    if type(model).__name__ == "SelfTrainingClassifier":
        return _plain(model.estimator_)
    if hasattr(model, "steps"):
        return _plain_pipeline(model)
    if splits_float32(model):
        return with_rounding(model)
    if _selects_and_predicts(model):
        return _plain(Pipeline([("select", model), ("model", model.estimator_)]))
    if hasattr(model, "transformers_"):
        model.transformers_ = [
            (name, _plain_step(step), chosen) for name, step, chosen in model.transformers_
        ]
    if hasattr(model, "transformer_list"):
        model.transformer_list = [(n, _plain_step(s)) for n, s in model.transformer_list]
    for name in _INSIDE:
        inner = vars(model).get(name) if hasattr(model, "__dict__") else None
        if hasattr(inner, "get_params") and _is_fitted(inner):
            setattr(model, name, _plain(inner))
    for name in _LISTS:
        if isinstance(listed := getattr(model, name, None), list):
            setattr(model, name, [_plain_or_word(part) for part in listed])
    if hasattr(model, "named_estimators_") and getattr(model, "weights", None) is not None:
        model.weights = np.asarray(model.weights)
    _make_dense(model)
    if isinstance(model, KNeighborsClassifier) and isinstance(model.classes_, list):
        return _one_for_each_label(model)
    if getattr(model, "multilabel_", False) and not hasattr(model, "predict_proba"):
        return _one_for_each_tag(model)
    return without_categories(as_one_of_many(model))


def _plain_or_word(part: Any) -> Any:
    return part if isinstance(part, str) or part is None else _plain(part)


def _plain_step(step: Any) -> Any:
    """As `_plain`, for what only transforms."""
    if _selects_and_predicts(step):
        return Kept(step.get_support())
    return as_affine(as_distances(_plain_or_word(step)))


def _selects_and_predicts(model: Any) -> bool:
    return hasattr(model, "get_support") and hasattr(model, "predict")


def _plain_pipeline(model: Any) -> Any:
    """Without steps that do nothing, and with pipelines inside it taken apart."""
    *before, last = steps_of(model)
    steps: list[tuple[str, Any]] = []
    for step in [*map(_plain_step, before), _plain(last)]:
        inner = [s for _, s in step.steps] if hasattr(step, "steps") else [step]
        steps += [(f"step{len(steps) + at}", one) for at, one in enumerate(inner)]
    model.steps = steps
    return steps[0][1] if len(steps) == 1 else model


def _is_fitted(model: Any) -> bool:
    if type(model).__name__ == "FrozenEstimator":
        return True
    return any(name.endswith("_") and not name.startswith("__") for name in vars(model)) or hasattr(
        model, "steps"
    )


def _make_dense(model: Any) -> None:
    """Weights and support vectors of a model that was fitted on sparse rows."""
    for name, value in list(getattr(model, "__dict__", {}).items()):
        if hasattr(value, "toarray") and hasattr(value, "nnz"):
            setattr(model, name, value.toarray())
    if getattr(model, "_sparse", None) is True:
        model._sparse = False  # noqa: SLF001


def _one_for_each_tag(model: Any) -> Any:
    """One against the rest, where rows may have several labels and there are no probabilities: each model says 0 or 1."""
    made = MultiOutputClassifier(model.estimator)
    made.estimators_ = model.estimators_
    made.classes_ = [np.array([0, 1]) for _ in model.estimators_]
    return made


def _one_for_each_label(model: Any) -> Any:
    """Neighbours vote on each label by itself: as many models of one label, which skl2onnx does right."""
    made = MultiOutputClassifier(model)
    made.estimators_ = []
    for at, classes in enumerate(model.classes_):
        one = copy.copy(model)
        one._y, one.classes_, one.outputs_2d_ = model._y[:, at], classes, False  # noqa: SLF001
        made.estimators_.append(one)
    made.classes_ = model.classes_
    return made
