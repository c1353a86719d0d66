"""Opening what LightGBM saved: the booster, and the class labels of the estimator around it."""

from dataclasses import dataclass
from typing import Any

import lightgbm

from onnxport.converter.inside.lightgbm.text import Model, read_classes, read_model, refuse_cut
from onnxport.converter.inside.trees.labels import category_remarks, plain_labels
from onnxport.converter.inside.trees.pickles import load_pickle, refuse_unfitted
from onnxport.converter.interface import ConversionRefused, Job


@dataclass(frozen=True)
class Opened:
    """A booster, what was read from it, its class labels where an estimator had some, and remarks for the user."""

    booster: Any
    model: Model
    classes: tuple[Any, ...] | None
    remarks: tuple[str, ...]


def from_text(job: Job) -> Opened:
    """Open a text file."""
    text = job.source.read_text(encoding="utf-8").replace("\r\n", "\n")
    refuse_cut(text, job.source.name)
    booster = lightgbm.Booster(model_str=text, params={"verbose": -1})
    return _opened(job, booster, read_classes(text))


def from_pickle(job: Job) -> Opened:
    """Open a pickle or joblib file of a booster or an estimator."""
    found = load_pickle(
        job,
        "LightGBM",
        (lightgbm.Booster, lightgbm.LGBMModel),
        'booster_.save_model("model.txt")',
    )
    if isinstance(found, lightgbm.Booster):
        return _opened(job, found, None)
    # Estimators of LightGBM 2 have a booster, but not yet the mark by which later ones know that they are fitted.
    found.fitted_ = getattr(found, "_Booster", None) is not None
    if not found.fitted_:
        refuse_unfitted(job, type(found).__name__)
    classes = getattr(found, "classes_", None)
    return _opened(job, found.booster_, None if classes is None else plain_labels(classes))


def _opened(job: Job, booster: Any, classes: tuple[Any, ...] | None) -> Opened:
    if booster.num_trees() == 0:
        raise ConversionRefused(
            "the model has no trees", "Train it for a round at least, and save it again."
        )
    # Up to the best round, where training stopped early: so far LightGBM predicts.
    text = booster.model_to_string()
    model = read_model(text, booster.pandas_categorical, double=job.remedy == "float64")
    remarks = category_remarks(model.names, model.categories)
    return Opened(booster, model, classes, (*remarks, *_type_remarks(model)))


def _type_remarks(model: Model) -> tuple[str, ...]:
    if not model.is_double:
        return ()
    return ("the input is float64: the model tells numbers apart that are one in float32",)
