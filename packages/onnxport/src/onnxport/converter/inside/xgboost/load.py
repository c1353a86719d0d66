"""Opening what XGBoost saved: the booster, cut to the rounds that its owner would predict with, and what stands for a missing value."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

from onnxport.converter.inside.trees.labels import category_remarks
from onnxport.converter.inside.trees.pickles import load_pickle, refuse_unfitted
from onnxport.converter.inside.xgboost.learner import Learner, read_learner
from onnxport.converter.inside.xgboost.live import ESTIMATOR_ATTRIBUTE, MISSING_ATTRIBUTE
from onnxport.converter.interface import ConversionRefused, Job

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
    return _model(booster, missing, of_estimator=ESTIMATOR_ATTRIBUTE in attributes)


def from_pickle(job: Job) -> Model:
    """Open a pickle or joblib file of a booster or an estimator."""
    found = load_pickle(
        job, "XGBoost", (xgboost.Booster, xgboost.XGBModel), 'save_model("model.json")'
    )
    if isinstance(found, xgboost.Booster):
        return _model(found, np.nan, of_estimator=False)
    if not found.__sklearn_is_fitted__():
        refuse_unfitted(job, type(found).__name__)
    return _model(found.get_booster(), float(found.missing), of_estimator=True)


def _model(booster: Any, missing: float, *, of_estimator: bool) -> Model:
    booster, remarks = _best_rounds(booster, of_estimator=of_estimator)
    learner = read_learner(booster)
    names = learner.names or tuple(f"column {number}" for number in range(learner.columns))
    told = category_remarks(names, learner.categories)
    return Model(booster, learner, missing, (*remarks, *told))


def _best_rounds(booster: Any, *, of_estimator: bool) -> tuple[Any, list[str]]:
    """Where training stopped early, an estimator predicts with the best rounds and a booster with all."""
    best, rounds = booster.attr("best_iteration"), booster.num_boosted_rounds()
    if best is None or int(best) + 1 >= rounds or _is_linear(booster):
        return booster, []
    kept = int(best) + 1
    if of_estimator:
        said = f"training stopped early: the best {kept} rounds are converted, as the estimator predicts with them"
        return booster[:kept], [said]
    said = f"training stopped early: the first {kept} of {rounds} rounds were the best, but Booster.predict uses all, so all are converted"
    return booster, [f"{said}; convert booster[:{kept}] for the best"]


def _is_linear(booster: Any) -> bool:
    configuration = json.loads(booster.save_config())
    return bool(configuration["learner"]["gradient_booster"]["name"] == "gblinear")


def _version() -> tuple[int, int]:
    major, minor = xgboost.__version__.split(".")[:2]
    return int(major), int(minor)
