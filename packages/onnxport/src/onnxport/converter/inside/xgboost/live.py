"""An object of XGBoost in the user's process: its file, its input and its own answers. Only numpy and what the user has are imported."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.trees.live import matrix_of, own_input
from onnxport.converter.inside.xgboost.categories import kept_categories
from onnxport.converter.interface import Case

ESTIMATOR_ATTRIBUTE = "scikit_learn"
"""Attribute of a booster that XGBoost's own estimator saved."""
MISSING_ATTRIBUTE = "onnxport_missing"
"""Attribute of a saved booster: the estimator's number for a missing value, which XGBoost does not save."""


def write_file(model: Any, path: Path) -> None:
    """Save a booster as JSON; an estimator's with the mark that XGBoost gives it, and its number for a missing value.

    Estimators of some versions cannot save themselves beside a newer scikit-learn; their boosters can.
    """
    if not hasattr(model, "get_booster"):
        model.save_model(str(path))
        return
    model.get_booster().save_model(str(path))
    document = json.loads(path.read_bytes())
    added = {ESTIMATOR_ATTRIBUTE: "{}", MISSING_ATTRIBUTE: repr(float(model.missing))}
    document["learner"]["attributes"].update(added)
    path.write_text(json.dumps(document), encoding="utf-8")


def sample_of(path: Path, example: Any) -> Mapping[str, Any]:
    """The example as the ONNX model takes it."""
    grown = json.loads(path.read_bytes())["learner"]["gradient_booster"]
    return {"X": matrix_of(example, kept_categories(grown))}


def cases_of(model: Any, example: Any, sample: Mapping[str, Any]) -> tuple[Case, ...]:
    """What an estimator gives for the example; a booster's answers come with the converter's own cases."""
    if not hasattr(model, "get_booster"):
        return ()
    given = own_input(example, sample)
    predicted = np.asarray(model.predict(given))
    if not hasattr(model, "predict_proba"):
        return (Case("sample", sample, {"prediction": predicted}),)
    expected = {"label": predicted.astype(np.int64), "probabilities": model.predict_proba(given)}
    return (Case("sample", sample, expected),)
