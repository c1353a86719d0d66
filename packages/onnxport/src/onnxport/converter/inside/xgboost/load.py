"""Opening what XGBoost saved: the booster, cut to the rounds that its owner would predict with, and what stands for a missing value."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

from onnxport.converter.inside.xgboost.learner import Learner, read_learner
from onnxport.converter.interface import ConversionRefused, Job

MISSING_ATTRIBUTE = "onnxport_missing"
"""Attribute of a saved booster: the estimator's number for a missing value, which XGBoost does not save."""
_LAST_BINARY = "3.0.5"


@dataclass(frozen=True)
class Model:
    """A booster, what was read from it, the number that stands for a missing value, and remarks for the user."""

    booster: Any
    learner: Learner
    missing: float
    remarks: tuple[str, ...]


def from_file(job: Job) -> Model:
    """Open a model file; an estimator's file predicts as the estimator would."""
    if job.kind == "binary" and _version() >= (3, 1):
        raise ConversionRefused(
            f"{job.source.name} is in XGBoost's old binary format, which XGBoost {xgboost.__version__} does not read any more",
            f"Run again with --with xgboost-cpu=={_LAST_BINARY}, or load it with XGBoost {_LAST_BINARY} or older and save it "
            'with save_model("model.json").',
        )
    booster = xgboost.Booster()
    # As bytes: from a path, XGBoost would go by its suffix.
    booster.load_model(bytearray(job.source.read_bytes()))
    attributes = booster.attributes()
    missing = float(attributes.get(MISSING_ATTRIBUTE, "nan"))
    return _model(booster, missing, of_estimator="scikit_learn" in attributes)


def from_pickle(job: Job) -> Model:
    """Open a pickle or joblib file of a booster or an estimator."""
    import joblib

    try:
        found = joblib.load(job.source)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ConversionRefused(
            f"{job.source.name} uses code that is not in XGBoost's environment: {error}",
            'Save the model itself with save_model("model.json") and convert that.',
        ) from None
    if isinstance(found, xgboost.Booster):
        return _model(found, np.nan, of_estimator=False)
    if not isinstance(found, xgboost.XGBModel):
        raise ConversionRefused(
            f"{job.source.name} holds a {type(found).__name__}, not a model of XGBoost",
            "Save the fitted estimator or booster itself.",
        )
    if not found.__sklearn_is_fitted__():
        raise ConversionRefused(
            f"the {type(found).__name__} in {job.source.name} was saved before it was fitted",
            "Call fit, save it again, and convert that.",
        )
    return _model(found.get_booster(), float(found.missing), of_estimator=True)


def _model(booster: Any, missing: float, *, of_estimator: bool) -> Model:
    remarks = []
    best = booster.attr("best_iteration")
    is_linear = json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear"
    if best is not None and not is_linear and int(best) + 1 < booster.num_boosted_rounds():
        rounds = int(best) + 1
        if of_estimator:
            booster = booster[:rounds]
            remarks.append(f"training stopped early: the best {rounds} rounds are converted, as the estimator predicts with them")
        else:
            remarks.append(
                f"training stopped early, and the best round was {rounds} of {booster.num_boosted_rounds()}; all are converted, as Booster.predict "
                f"uses all: save booster[:{rounds}] to convert the best"
            )
    learner = read_learner(booster)
    names = learner.names or tuple(f"column {number}" for number in range(learner.columns))
    for column, categories in learner.categories.items():
        shown = ", ".join(categories[:6]) + (", ..." if len(categories) > 6 else "")
        remarks.append(f"'{names[column]}' is given as the place of its category in: {shown} (0 is the first)")
    return Model(booster, learner, missing, tuple(remarks))


def _version() -> tuple[int, int]:
    major, minor = xgboost.__version__.split(".")[:2]
    return int(major), int(minor)
