"""What lies inside a fitted scikit-learn model: its steps, the parts that see its input columns, and a copy made simple for conversion."""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

PASSED = "passthrough"
Places = tuple[int | None, ...]
"""Columns of the model; `None` is one that a step made."""
_WRAPPED = (
    "best_estimator_",
    "estimator_",
    "regressor_",
)


def classes_of(*paths: str) -> tuple[Any, ...]:
    """The classes of these names; without those that this version of scikit-learn does not have."""
    found = []
    for path in paths:
        module, _, name = path.rpartition(".")
        with suppress(ImportError, AttributeError):
            found.append(getattr(importlib.import_module(module), name))
    return tuple(found)


def steps_of(pipeline: Any) -> list[Any]:
    """The steps of a pipeline that do something."""
    return [step for _, step in pipeline.steps if step is not None and step != PASSED]


def last_step(model: Any) -> Any:
    """The estimator that answers: the model itself, the last step of a pipeline, or what a search found."""
    if hasattr(model, "best_estimator_"):
        return last_step(model.best_estimator_)
    if type(model).__name__ == "FrozenEstimator":
        return last_step(model.estimator)
    return last_step(model.steps[-1][1]) if hasattr(model, "steps") else model


def positions(chosen: Any, model: Any) -> list[int]:
    """The columns that a ColumnTransformer gives to a step, as positions among its inputs."""
    if isinstance(chosen, slice):
        return _of_slice(chosen, model)
    if isinstance(chosen, str) or np.isscalar(chosen):
        chosen = [chosen]
    listed = list(chosen)
    if listed and all(isinstance(entry, (bool, np.bool_)) for entry in listed):
        return [place for place, taken in enumerate(listed) if taken]
    return [_position(entry, model) for entry in listed]


def is_missing(category: Any) -> bool:
    """Whether a category stands for a missing value: `None` or NaN."""
    return category is None or (isinstance(category, float) and np.isnan(category))


def kept_columns(imputer: Any) -> list[int]:
    """The columns that an imputer gives: without those that held no value when it was fitted, unless these are kept."""
    statistics = imputer.statistics_
    return [
        at
        for at in range(len(statistics))
        if imputer.keep_empty_features or not is_missing(statistics[at])
    ]


def seen_parts(model: Any, columns: Sequence[int | None]) -> Iterator[tuple[Any, Places]]:
    """The parts of a model that see its input columns as they come, or with gaps filled, and which columns each sees.

    `PASSED` stands for columns that go on as they are.
    """
    columns = tuple(columns)
    if type(model).__name__ == "FrozenEstimator":
        yield from seen_parts(model.estimator, columns)
    elif hasattr(model, "steps"):
        yield from _in_pipeline(model, columns)
    elif hasattr(model, "transformers_"):
        for _, step, chosen in model.transformers_:
            places = tuple(columns[place] for place in positions(chosen, model))
            if not places or step in ("drop", None):
                continue
            if step == PASSED or _is_identity(step):
                yield PASSED, places
            else:
                yield from seen_parts(step, places)
    elif hasattr(model, "transformer_list"):
        for _, step in model.transformer_list:
            if step == PASSED:
                yield PASSED, columns
            elif step != "drop":
                yield from seen_parts(step, columns)
    else:
        yield from _and_within(model, columns)


def _in_pipeline(model: Any, columns: Places) -> Iterator[tuple[Any, Places]]:
    for step in steps_of(model):
        if not _is_identity(step):
            yield from seen_parts(step, columns)
        kept = _kept_by(step, len(columns))
        if kept is None:
            return
        columns = tuple(None if place is None else columns[place] for place in kept)
    yield PASSED, columns


def _and_within(model: Any, columns: Places) -> Iterator[tuple[Any, Places]]:
    """A part and the estimators that it hands its columns to."""
    preprocessor = getattr(model, "_preprocessor", None)
    if preprocessor is not None:
        yield from seen_parts(preprocessor, columns)
    inner = [getattr(model, name, None) for name in _WRAPPED]
    inner += [getattr(c, "estimator", None) for c in getattr(model, "calibrated_classifiers_", ())]
    found = [part for part in [*inner, *_listed(model)] if hasattr(part, "get_params")]
    if not _only_hands_on(found):
        yield model, columns
    for part in found:
        if getattr(part, "n_features_in_", len(columns)) == len(columns):
            yield from seen_parts(part, columns)


def _only_hands_on(inner: Sequence[Any]) -> bool:
    """Whether what is inside prepares the columns itself: then nothing is known of them on the outside."""
    return any(hasattr(part, "steps") or hasattr(part, "transformers_") for part in inner)


def _listed(model: Any) -> list[Any]:
    # Bagged and isolated trees see a choice of columns: their numbering is not the model's.
    chosen = getattr(model, "estimators_features_", None)
    whole = chosen is None or all(len(c) == getattr(model, "n_features_in_", -1) for c in chosen)
    listed = getattr(model, "estimators_", ()) if whole else ()
    return [part for part in flat(listed) if not isinstance(part, str)]


def flat(values: Any) -> Iterator[Any]:
    """What lists and arrays within each other hold."""
    for value in values:
        if isinstance(value, (list, tuple, np.ndarray)):
            yield from flat(value)
        else:
            yield value


def _is_identity(step: Any) -> bool:
    return type(step).__name__ == "FunctionTransformer" and step.func is None


def _kept_by(step: Any, width: int) -> list[int | None] | None:
    """For each column that leaves a step: which of its columns it is, as it came or with gaps filled, or `None`.

    `None` instead of a list where nothing of it is left.
    """
    if _is_identity(step):
        return list(range(width))
    if hasattr(step, "get_support"):
        return [int(place) for place in step.get_support(indices=True)]
    if hasattr(step, "transformers_"):
        return _kept_by_columns(step)
    if type(step).__name__ != "SimpleImputer" or step.add_indicator:
        return None
    return list(kept_columns(step))


def _kept_by_columns(model: Any) -> list[int | None] | None:
    slices = getattr(model, "output_indices_", {})
    kept: list[int | None] = [None] * max((s.stop or 0 for s in slices.values()), default=0)
    for name, step, chosen in model.transformers_:
        places = positions(chosen, model)
        if step in ("drop", None) or not places or name not in slices:
            continue
        inner = list(range(len(places))) if step == PASSED else _kept_by(step, len(places))
        for at, place in enumerate(inner or ()):
            kept[slices[name].start + at] = None if place is None else places[place]
    return None if all(place is None for place in kept) else kept


def _of_slice(chosen: slice, model: Any) -> list[int]:
    names = list(getattr(model, "feature_names_in_", ()))
    start, stop = chosen.start, chosen.stop
    if isinstance(start, str):
        start = names.index(start)
    if isinstance(stop, str):
        # By name both ends belong to it, as in pandas.
        stop = names.index(stop) + 1
    return list(range(model.n_features_in_))[slice(start, stop, chosen.step)]


def _position(entry: Any, model: Any) -> int:
    if isinstance(entry, str):
        return list(model.feature_names_in_).index(entry)
    place = int(entry)
    return place + model.n_features_in_ if place < 0 else place
