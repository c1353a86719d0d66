"""Opening what CatBoost saved."""

from typing import Any

import catboost

from onnxport.converter.inside.catboost.read import Model, read_model
from onnxport.converter.inside.catboost.vocabulary import Vocabulary, vocabulary_of
from onnxport.converter.inside.trees.pickles import load_pickle, refuse_unfitted
from onnxport.converter.interface import Job

_FORMATS = {"cbm": "cbm", "json": "json"}


def open_model(job: Job) -> tuple[Any, Model, Vocabulary | None]:
    """The model, what was read from it, and its categories, where it has columns of them."""
    if job.kind in _FORMATS:
        model = catboost.CatBoost()
        model.load_model(str(job.source), format=_FORMATS[job.kind])
    else:
        model = _from_pickle(job)
    read = read_model(model)
    return model, read, vocabulary_of(read, job) if read.categorical else None


def _from_pickle(job: Job) -> Any:
    found = load_pickle(job, "CatBoost", (catboost.CatBoost,), 'save_model("model.cbm")')
    if not found.is_fitted():
        refuse_unfitted(job, type(found).__name__)
    return found
