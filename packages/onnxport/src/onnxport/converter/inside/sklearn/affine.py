"""Steps that are affine maps of their input: one product and one sum, whatever the step is called."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, is_regressor

from onnxport.converter.inside.sklearn.graph import Graph, Precision

_CENTRES = ("xbar_", "_x_mean", "mean_", "data_mean_")
STEPS = {
    "CCA",
    "FactorAnalysis",
    "FastICA",
    "FeatureAgglomeration",
    "LinearDiscriminantAnalysis",
    "PLSCanonical",
    "PLSRegression",
    "PLSSVD",
    "SparseRandomProjection",
}
"""Estimators whose `transform` is affine."""


class Affine(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """`(rows - centre) @ weights + shift`."""

    def __init__(self, centre: Any, weights: Any, shift: Any) -> None:
        self.centre, self.weights, self.shift = centre, weights, shift


def as_affine(step: Any) -> Any:
    """What a step with an affine `transform` does in a pipeline; anything else as it is."""
    if type(step).__name__ not in STEPS or not type(step).__module__.startswith("sklearn."):
        return step
    pooled = getattr(step, "pooling_func", np.mean)
    return Affine(*_measured(step, step.transform)) if pooled is np.mean else step


def write_step(scope: Any, operator: Any, container: Any) -> None:
    """An `Affine` as ONNX nodes."""
    step = operator.raw_operator
    _write(Graph(scope, operator, container), step.centre, step.weights, step.shift)


def write_model(scope: Any, operator: Any, container: Any) -> None:
    """An estimator whose answer is affine: `predict` of a regressor, else `transform`."""
    model = operator.raw_operator
    answer = model.predict if is_regressor(model) else model.transform
    _write(Graph(scope, operator, container), *_measured(model, answer))


def set_step_shape(operator: Any) -> None:
    """As many columns as the weights have."""
    operator.outputs[0].type = Precision.tensor(operator.raw_operator.weights.shape[1])


def _measured(model: Any, answer: Any) -> tuple[Any, Any, Any]:
    """The map, from what it makes of a centre and of one step away from it along each column."""
    width = model.n_features_in_
    centre = np.zeros(width)
    for name in _CENTRES:
        found = getattr(model, name, None)
        if isinstance(found, np.ndarray) and found.shape == (width,):
            centre = found.astype(float)
    steps = np.maximum(1.0, np.abs(centre))
    # Twice the centre: of a single row some give a vector.
    shift = _dense(answer(np.stack([centre, centre])))[:1]
    moved = _dense(answer(centre + np.diag(steps)))
    return centre, (moved - shift) / steps[:, np.newaxis], shift


def _dense(made: Any) -> Any:
    array = np.asarray(made.toarray() if hasattr(made, "toarray") else made, float)
    return array.reshape(len(array), -1)


def _write(graph: Graph, centre: Any, weights: Any, shift: Any) -> None:
    rows = graph.matrix()
    if np.any(centre):
        rows = graph.add("Sub", rows, graph.numbers(centre[np.newaxis]))
    turned = graph.add("MatMul", rows, graph.numbers(weights))
    graph.give(graph.add("Add", turned, graph.numbers(shift)))
