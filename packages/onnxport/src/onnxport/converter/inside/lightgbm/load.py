"""Opening what LightGBM saved: the booster, and the class labels of the estimator around it."""

from dataclasses import dataclass
from typing import Any

import lightgbm

from onnxport.converter.inside.lightgbm.text import Model, read_classes, read_model, refuse_cut
from onnxport.converter.inside.trees.labels import plain_labels
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
    return _opened(booster, read_classes(text))


def from_pickle(job: Job) -> Opened:
    """Open a pickle or joblib file of a booster or an estimator."""
    import joblib

    try:
        found = joblib.load(job.source)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ConversionRefused(
            f"{job.source.name} uses code that is not in LightGBM's environment: {error}",
            'Save the model itself with booster_.save_model("model.txt") and convert that.',
        ) from None
    if isinstance(found, lightgbm.Booster):
        return _opened(found, None)
    if not isinstance(found, lightgbm.LGBMModel):
        raise ConversionRefused(
            f"{job.source.name} holds a {type(found).__name__}, not a model of LightGBM",
            "Save the fitted estimator or booster itself.",
        )
    if not found.__sklearn_is_fitted__():
        raise ConversionRefused(
            f"the {type(found).__name__} in {job.source.name} was saved before it was fitted",
            "Call fit, save it again, and convert that.",
        )
    classes = getattr(found, "classes_", None)
    return _opened(found.booster_, None if classes is None else plain_labels(classes))


def _opened(booster: Any, classes: tuple[Any, ...] | None) -> Opened:
    if booster.num_trees() == 0:
        raise ConversionRefused(
            "the model has no trees", "Train it for a round at least, and save it again."
        )
    # Up to the best round, where training stopped early: so far LightGBM predicts.
    model = read_model(booster.model_to_string(), booster.pandas_categorical)
    remarks = []
    for column, categories in model.categories.items():
        shown = ", ".join(str(entry) for entry in categories[:6])
        dots = ", ..." if len(categories) > 6 else ""
        remarks.append(f"'{model.names[column]}' is given as the place of its category in: {shown}{dots} (0 is the first)")
    return Opened(booster, model, classes, tuple(remarks))
