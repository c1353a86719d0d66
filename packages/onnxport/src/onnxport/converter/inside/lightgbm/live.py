"""An object of LightGBM in the user's process: its file, its input and its own answers. Only numpy and what the user has are imported."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.lightgbm.text import CLASSES_KEY
from onnxport.converter.inside.trees.labels import plain_labels
from onnxport.converter.inside.trees.live import matrix_of
from onnxport.converter.interface import Case


def write_file(model: Any, path: Path) -> None:
    """Save a booster, or an estimator's, as text, with the estimator's class labels before the last line, which LightGBM looks for."""
    text = _booster_of(model).model_to_string()
    if hasattr(model, "classes_"):
        classes = plain_labels(model.classes_)
        start, mark, rest = text.rpartition("\npandas_categorical:")
        line = f"\n{CLASSES_KEY}:{json.dumps(classes)}\n"
        text = f"{start}{line}{mark}{rest}" if mark else f"{text}{line}"
    path.write_text(text, encoding="utf-8")


def sample_of(model: Any, example: Any) -> Mapping[str, Any]:
    """The example as the ONNX model takes it: LightGBM numbers a data frame's categories as it saw them in training."""
    kept = _booster_of(model).pandas_categorical or ()
    if hasattr(example, "columns"):
        categorical = [n for n, kind in enumerate(example.dtypes) if str(kind) == "category"]
        return {"X": matrix_of(example, dict(zip(categorical, kept, strict=False)), np.float64)}
    return {"X": matrix_of(example, dtype=np.float64)}


def cases_of(model: Any, example: Any, sample: Mapping[str, Any]) -> tuple[Case, ...]:
    """What an estimator gives for the example; a booster's answers come with the converter's own cases."""
    if not hasattr(model, "booster_"):
        return ()
    given = example if hasattr(example, "columns") else sample["X"]
    predicted = np.asarray(model.predict(given))
    if not hasattr(model, "classes_"):
        return (Case("sample", sample, {"prediction": predicted}),)
    labels = predicted.astype(str) if predicted.dtype.kind in "OU" else predicted
    expected = {"label": labels, "probabilities": model.predict_proba(given)}
    return (Case("sample", sample, expected),)


def _booster_of(model: Any) -> Any:
    return model.booster_ if hasattr(model, "booster_") else model
