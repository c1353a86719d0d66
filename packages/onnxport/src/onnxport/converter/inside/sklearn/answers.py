"""What a fitted estimator answers: which outputs there are, and their values for given rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.parts import last_step
from onnxport.converter.interface import ConversionRefused, Output

LABEL, PROBABILITIES, SCORES = "label", "probabilities", "scores"
PREDICTION, TRANSFORMED = "prediction", "transformed"
OUTPUT = "output_"
"""In front of the name of an output, where a column has that name."""
_UNIT = float(np.finfo(np.float32).eps)
_BOUNDED_KERNELS = {"rbf", "sigmoid"}


def outputs_of(estimator: Any, rows: Any) -> tuple[Output, ...]:
    """The outputs that the ONNX model will have, by what kind of estimator it is; `rows` are a few that it takes."""
    from sklearn.base import is_classifier, is_outlier_detector, is_regressor

    tolerance = score_tolerance(estimator)
    if is_classifier(estimator):
        if np.ndim(estimator.predict(rows)) > 1:
            return _of_several_labels(estimator, rows, tolerance)
        return _of_one_label(estimator, tolerance)
    if is_regressor(estimator):
        return (Output(PREDICTION, "value", tolerance),)
    if is_outlier_detector(estimator):
        return Output(LABEL, "label", scores=SCORES, labels=(-1, 1)), Output(
            SCORES, "value", tolerance
        )
    if hasattr(estimator, "predict") and hasattr(estimator, "predict_proba"):
        return Output(LABEL, "label", scores=PROBABILITIES), Output(PROBABILITIES)
    if hasattr(estimator, "predict") and hasattr(estimator, "transform"):
        return Output(LABEL, "label", scores=SCORES), Output(SCORES)
    if hasattr(estimator, "predict"):
        return (Output(LABEL, "label"),)
    if _holds_text(estimator.transform(rows)):
        raise ConversionRefused(
            f"the {type(estimator).__name__} gives text, alone or beside numbers, which cannot be compared as one tensor of numbers",
            "Encode the text inside the model, or convert it with the estimator that follows.",
        )
    return (Output(TRANSFORMED),)


def answer(estimator: Any, output: Output, rows: Any) -> Any:
    """The estimator's values for one output."""
    name = output.name.removeprefix(OUTPUT)
    if output.role == "label":
        return _plain_labels(estimator.predict(rows))
    if name.startswith(PROBABILITIES):
        made = estimator.predict_proba(rows)
        return made[int(name.rpartition("_")[2])] if isinstance(made, list) else made
    if name == SCORES and hasattr(estimator, "decision_function"):
        return estimator.decision_function(rows)
    if name == PREDICTION:
        return np.asarray(estimator.predict(rows))
    made = estimator.transform(rows)
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made)


def _holds_text(made: Any) -> bool:
    if hasattr(made, "nnz"):
        return False
    return any(isinstance(value, str) for value in np.asarray(made, object).reshape(-1)[:1000])


def score_tolerance(model: Any) -> float:
    """The absolute tolerance of scores: float32 rounding grows with the sum of a support vector machine's weights."""
    last = last_step(model)
    kernel = getattr(last, "kernel", None)
    bounded = isinstance(kernel, str) and kernel in _BOUNDED_KERNELS
    if not bounded or not hasattr(last, "dual_coef_"):
        return 1e-5
    weights = last.dual_coef_
    return max(1e-5, _UNIT * float(abs(weights).sum()))


def renamed_for(
    columns: Sequence[Any], outputs: tuple[Output, ...], *, is_matrix: bool
) -> tuple[Output, ...]:
    """The outputs, with other names where an input column has the name of one."""
    taken = set() if is_matrix else {column.name for column in columns}
    if not taken & {output.name for output in outputs}:
        return outputs
    return tuple(_renamed(output) for output in outputs)


def _renamed(output: Output) -> Output:
    scores = output.scores
    if isinstance(scores, tuple):
        scores = tuple(f"{OUTPUT}{name}" for name in scores)
    elif scores is not None:
        scores = f"{OUTPUT}{scores}"
    return replace(output, name=f"{OUTPUT}{output.name}", scores=scores)


def _of_one_label(estimator: Any, tolerance: float) -> tuple[Output, ...]:
    labels = tuple(_plain_labels(estimator.classes_).tolist())
    if not any(hasattr(estimator, name) for name in ("predict_proba", "decision_function")):
        # Votes, say: the framework gives no scores to compare.
        return (Output(LABEL, "label"),)
    scores = PROBABILITIES if hasattr(estimator, "predict_proba") else SCORES
    best = not _has_threshold(estimator)
    label = Output(LABEL, "label", scores=scores, labels=labels) if best else Output(LABEL, "label")
    return label, Output(scores, "value", tolerance)


def _has_threshold(estimator: Any) -> bool:
    """Whether the label is not that of the best score."""
    return type(last_step(estimator)).__name__ in {
        "FixedThresholdClassifier",
        "TunedThresholdClassifierCV",
    }


def _of_several_labels(estimator: Any, rows: Any, tolerance: float) -> tuple[Output, ...]:
    if not hasattr(estimator, "predict_proba"):
        return (Output(LABEL, "label"),)
    made = estimator.predict_proba(rows)
    if not isinstance(made, list):
        label = Output(LABEL, "label", scores=PROBABILITIES)
        return label, Output(PROBABILITIES, "value", tolerance)
    names = tuple(f"{PROBABILITIES}_{at}" for at in range(len(made)))
    last = last_step(estimator)
    known = getattr(last, "classes_", None) or [part.classes_ for part in last.estimators_]
    labels = tuple(tuple(_plain_labels(classes).tolist()) for classes in known)
    label = Output(LABEL, "label", scores=names, labels=labels)
    return label, *(Output(name, "value", tolerance) for name in names)


def _plain_labels(labels: Any) -> Any:
    array = np.asarray(labels)
    return array.astype(str) if array.dtype.kind in "OUS" else array.astype(np.int64)
