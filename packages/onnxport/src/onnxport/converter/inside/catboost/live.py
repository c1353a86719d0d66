"""An object of CatBoost in the user's process: its input and its own answers. Only numpy and what the user has are imported."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxport.converter.inside.trees.labels import plain_labels
from onnxport.converter.inside.trees.live import own_input
from onnxport.converter.interface import Case


def cases_of(model: Any, example: Any, sample: Mapping[str, Any]) -> tuple[Case, ...]:
    """What a classifier gives for the example; other models' answers come with the converter's own cases."""
    if not hasattr(model, "predict_proba"):
        return ()
    given = own_input(example, sample)
    predicted = np.asarray(model.predict(given))
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        labels = predicted.astype(np.int64)
    else:
        places = {str(own): place for place, own in enumerate(np.asarray(model.classes_).tolist())}
        names = np.array(plain_labels(model.classes_))
        labels = names[[places[str(entry)] for entry in predicted.reshape(-1).tolist()]]
    expected = {"label": labels, "probabilities": np.asarray(model.predict_proba(given))}
    return (Case("sample", sample, expected),)
