"""An object of XGBoost in the user's process: its file, its input and its own answers. Only numpy and what the user has are imported."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.trees.live import matrix_of
from onnxport.converter.interface import Case

_MISSING_ATTRIBUTE = "onnxport_missing"


def write_file(model: Any, path: Path) -> None:
    """Save a booster or an estimator as JSON, with the estimator's number for a missing value."""
    model.save_model(path)
    missing = getattr(model, "missing", None)
    if missing is not None and not np.isnan(missing):
        document = json.loads(path.read_bytes())
        document["learner"]["attributes"][_MISSING_ATTRIBUTE] = repr(float(missing))
        path.write_text(json.dumps(document), encoding="utf-8")


def sample_of(path: Path, example: Any) -> Mapping[str, Any]:
    """The example as the ONNX model takes it."""
    grown = json.loads(path.read_bytes())["learner"]["gradient_booster"]
    kept = grown.get("gbtree", grown)["model"].get("cats", {}).get("enc", ())
    return {"X": matrix_of(example, dict(enumerate(map(_names_in, kept))))}


def cases_of(model: Any, example: Any, sample: Mapping[str, Any]) -> tuple[Case, ...]:
    """What an estimator gives for the example; a booster's answers come with the converter's own cases."""
    if not hasattr(model, "predict") or not hasattr(model, "get_booster"):
        return ()
    predicted = np.asarray(model.predict(example))
    if not hasattr(model, "predict_proba"):
        return (Case("sample", sample, {"prediction": predicted}),)
    expected = {"label": predicted.astype(np.int64), "probabilities": model.predict_proba(example)}
    return (Case("sample", sample, expected),)


def _names_in(kept: Mapping[str, Any]) -> list[Any]:
    values, offsets = kept.get("values", []), kept.get("offsets")
    if not offsets:
        return list(values)
    text = bytes(value & 0xFF for value in values)
    return [text[a:b].decode() for a, b in zip(offsets, offsets[1:], strict=False)]
