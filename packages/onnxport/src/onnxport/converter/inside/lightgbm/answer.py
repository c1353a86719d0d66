"""LightGBM's own answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from onnxport.converter.inside.lightgbm.text import ZERO, Model
from onnxport.converter.inside.trees import forest


def known_values(model: Model) -> list[list[float]]:
    """Per column its thresholds and zero, which has rules of its own."""
    found = forest.known_values(model.trees, len(model.names))
    return [[*values, 0.0, float(ZERO)] if values else values for values in found]


def answer_of(booster: Any, labels: Sequence[Any] | None) -> Callable[[Any], Mapping[str, Any]]:
    """What the booster says about rows, by output name."""

    def answer(rows: Any) -> Mapping[str, Any]:
        predicted = booster.predict(rows)
        if labels is None:
            return {"prediction": predicted}
        if predicted.ndim == 1:
            predicted = np.stack([1.0 - predicted, predicted], axis=1)
        # The first of equals, as LightGBM's estimator chooses.
        return {"label": np.array(labels)[predicted.argmax(axis=1)], "probabilities": predicted}

    return answer
