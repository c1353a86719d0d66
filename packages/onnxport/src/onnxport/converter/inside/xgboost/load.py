"""Opening what XGBoost saved: the booster, cut to the rounds that its owner would predict with, and what stands for a missing value."""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xgboost

from onnxport.converter.inside.trees.labels import category_remarks, plain_labels
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
        raise _old_binary(job)
    booster = xgboost.Booster()
    # As bytes: from a path, XGBoost would go by its suffix.
    booster.load_model(bytearray(job.source.read_bytes()))
    attributes = booster.attributes()
    missing = float(attributes.get(MISSING_ATTRIBUTE, "nan"))
    kept = json.loads(attributes.get(ESTIMATOR_ATTRIBUTE, "{}"))
    encoder = kept.get("_le") if isinstance(kept, dict) else None
    classes = encoder.get("classes_") if isinstance(encoder, dict) else None
    of_estimator = ESTIMATOR_ATTRIBUTE in attributes
    return _model(booster, missing, of_estimator=of_estimator, classes=classes)


def from_pickle(job: Job) -> Model:
    """Open a pickle or joblib file of a booster or an estimator."""
    _stand_in_for_old_encoder()
    classes = (xgboost.Booster, xgboost.XGBModel)
    try:
        found = load_pickle(job, "XGBoost", classes, 'save_model("model.json")')
    except xgboost.core.XGBoostError:
        if _version() < (3, 1):
            raise
        raise _old_binary(job) from None
    if isinstance(found, xgboost.Booster):
        return _model(found, np.nan, of_estimator=False)
    if not found.__sklearn_is_fitted__():
        refuse_unfitted(job, type(found).__name__)
    # XGBoost before 1.6 named classes; since then they are numbers from 0.
    encoder = vars(found).get("_le")
    named = getattr(encoder, "classes_", None)
    return _model(found.get_booster(), float(found.missing), of_estimator=True, classes=named)


def _old_binary(job: Job) -> ConversionRefused:
    return ConversionRefused(
        f"{job.source.name} is in XGBoost's old binary format, which XGBoost {xgboost.__version__} does not read any more",
        f"Run again with --with xgboost-cpu=={_LAST_BINARY}, or load it with XGBoost {_LAST_BINARY} or older and save it "
        'with save_model("model.json").',
    )


def _stand_in_for_old_encoder() -> None:
    """Pickled classifiers of XGBoost before 1.6 hold an encoder of labels of a class that is no more: scikit-learn's, by another name."""
    from sklearn.preprocessing import LabelEncoder

    if not hasattr(xgboost.compat, "XGBoostLabelEncoder"):
        xgboost.compat.XGBoostLabelEncoder = LabelEncoder


def _model(booster: Any, missing: float, *, of_estimator: bool, classes: Any = None) -> Model:
    booster, remarks = _best_rounds(booster, of_estimator=of_estimator)
    learner = read_learner(booster)
    if classes is not None:
        learner = replace(learner, classes=plain_labels(classes))
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
