"""XGBoost's own answers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xgboost

from onnxport.converter.inside.trees import forest
from onnxport.converter.inside.xgboost.learner import Learner
from onnxport.converter.inside.xgboost.write import has_many_labels, labels_of


def known_values(learner: Learner, missing: float) -> list[list[float]]:
    """Per column the values at which the model changes; for a linear booster, where its sum moves by a few units."""
    if learner.weights is None:
        known = forest.known_values(learner.trees, learner.columns)
    else:
        size = np.abs(learner.weights[:-1]).mean(axis=1)
        step = 2.0 / (np.where(size > 0, size, 1.0) * np.sqrt(learner.columns))
        known = [[-width, -width / 4, width / 4, width] for width in step.tolist()]
    if not np.isnan(missing):
        known = [[*values, missing] for values in known]
    return known


def answer_of(booster: Any, learner: Learner, missing: float) -> Callable[[Any], Mapping[str, Any]]:
    """What the booster says about float32 rows, by output name."""
    if learner.objective == "multi:softmax":
        # It would tell the label alone; the trees are the same.
        booster.set_param({"objective": "multi:softprob"})

    def answer(rows: Any) -> Mapping[str, Any]:
        given = xgboost.DMatrix(
            rows,
            missing=missing,
            feature_names=booster.feature_names,
            feature_types=booster.feature_types,
        )
        return _named(booster.predict(given), learner)

    return answer


def _named(predicted: Any, learner: Learner) -> Mapping[str, Any]:
    if has_many_labels(learner):
        return {"label": (predicted > 0.5).astype(np.int64), "probabilities": predicted}
    labels = labels_of(learner)
    if labels is None:
        return {"prediction": predicted}
    if predicted.ndim == 1:
        predicted = np.stack([1.0 - predicted, predicted], axis=1)
        chosen = (predicted[:, 1] > 0.5).astype(np.int64)
    else:
        chosen = predicted.argmax(axis=1)
    return {"label": np.array(labels)[chosen], "probabilities": predicted}
