"""CatBoost's own answers."""

from collections.abc import Callable, Mapping
from typing import Any

import catboost
import numpy as np

from onnxport.converter.inside.catboost.read import Model

_PREDICTIONS = {
    "values": "RawFormulaVal",
    "exponential": "Exponent",
    "uncertainty": "RMSEWithUncertainty",
}


def answer_of(opened: Any, model: Model) -> Callable[[Any], Mapping[str, Any]]:
    """What the model says about float32 rows, by output name."""
    labels = {
        str(own): label for own, label in zip(_own_labels(opened, model), model.labels, strict=True)
    }

    def predict(rows: Any, kind: str) -> Any:
        # The general class's method: those of classifiers and regressors take fewer kinds.
        return np.asarray(catboost.CatBoost.predict(opened, rows, prediction_type=kind))

    def answer(rows: Any) -> Mapping[str, Any]:
        if model.answers in _PREDICTIONS:
            return {"prediction": predict(rows, _PREDICTIONS[model.answers])}
        chosen, probabilities = predict(rows, "Class"), predict(rows, "Probability")
        if model.answers == "labels":
            return {"label": chosen.astype(np.int64), "probabilities": probabilities}
        named = np.array([labels[str(entry)] for entry in chosen.reshape(-1).tolist()])
        return {"label": named, "probabilities": probabilities}

    return answer


def _own_labels(opened: Any, model: Model) -> list[Any]:
    return list(np.asarray(opened.classes_).tolist()) if model.labels else []
