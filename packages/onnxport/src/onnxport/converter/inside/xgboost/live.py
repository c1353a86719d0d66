"""An object of XGBoost in the user's process: its file, its input and its own answers. Only numpy and what the user has are imported."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.trees.live import matrix_of
from onnxport.converter.inside.xgboost.categories import kept_categories
from onnxport.converter.interface import Case

MISSING_ATTRIBUTE = "onnxport_missing"
"""Attribute of a saved booster: the estimator's number for a missing value, which XGBoost does not save."""


def write_file(model: Any, path: Path) -> None:
    """Save a booster or an estimator as JSON, with the estimator's number for a missing value."""
    model.save_model(path)
    missing = getattr(model, "missing", None)
    if missing is not None and not np.isnan(missing):
        document = json.loads(path.read_bytes())
        document["learner"]["attributes"][MISSING_ATTRIBUTE] = repr(float(missing))
        path.write_text(json.dumps(document), encoding="utf-8")


def sample_of(path: Path, example: Any) -> Mapping[str, Any]:
    """The example as the ONNX model takes it."""
    grown = json.loads(path.read_bytes())["learner"]["gradient_booster"]
    return {"X": matrix_of(example, kept_categories(grown))}


def cases_of(model: Any, example: Any, sample: Mapping[str, Any]) -> tuple[Case, ...]:
    """What an estimator gives for the example; a booster's answers come with the converter's own cases."""
    if not hasattr(model, "predict") or not hasattr(model, "get_booster"):
        return ()
    predicted = np.asarray(model.predict(example))
    if not hasattr(model, "predict_proba"):
        return (Case("sample", sample, {"prediction": predicted}),)
    expected = {"label": predicted.astype(np.int64), "probabilities": model.predict_proba(example)}
    return (Case("sample", sample, expected),)
