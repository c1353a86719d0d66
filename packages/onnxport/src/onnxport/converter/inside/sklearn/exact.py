"""A copy of a fitted scikit-learn model that skl2onnx converts exactly, and that gives the same answers on float32 inputs."""

import copy
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.missing import last_step

_UNIT = float(np.finfo(np.float32).eps)
_BOUNDED_KERNELS = {"rbf", "sigmoid"}


def exact_copy(model: Any) -> Any:
    """The model with thresholds that float32 can hold, and without options that skl2onnx refuses but that change no prediction."""
    made = copy.deepcopy(model)
    last = last_step(made)
    if hasattr(last, "flatten_transform"):
        # Only shapes what `transform` gives, which is not converted.
        last.flatten_transform = False
    for predictor in np.ravel(np.asarray(getattr(last, "_predictors", ()), dtype=object)):
        # A float32 x is <= t exactly when it is <= the largest float32 that is <= t.
        predictor.nodes["num_threshold"] = _rounded_down(predictor.nodes["num_threshold"])
    return made


def mend_binary_discriminant(converted: Any, model: Any) -> None:
    """Two-class linear discriminant analysis is logistic; skl2onnx writes a softmax over `-s` and `s`, which is another curve."""
    last = last_step(model)
    if type(last).__name__ != "LinearDiscriminantAnalysis" or len(last.classes_) != 2:
        return
    for node in converted.graph.node:
        for attribute in node.attribute:
            if attribute.name == "post_transform" and attribute.s == b"SOFTMAX":
                attribute.s = b"LOGISTIC"


def score_tolerance(model: Any) -> float:
    """The absolute tolerance of scores: float32 rounding grows with the sum of a support vector machine's weights."""
    last = last_step(model)
    if getattr(last, "kernel", None) not in _BOUNDED_KERNELS or not hasattr(last, "dual_coef_"):
        return 1e-5
    weights = last.dual_coef_
    return max(1e-5, _UNIT * float(abs(weights).sum()))


def _rounded_down(values: Any) -> Any:
    nearest = values.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > values, below, nearest).astype(np.float64)
