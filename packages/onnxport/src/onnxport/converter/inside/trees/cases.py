"""Inputs for ensembles of trees: thresholds from both sides, missing values, and what is as far out as float32 goes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from onnxport.converter.inside import tabular
from onnxport.converter.inside.batches import in_batches
from onnxport.converter.inside.trees.graph import INPUT
from onnxport.converter.inside.trees.rare import with_rare_classes
from onnxport.converter.interface import Case, Job

Answer = Callable[[Any], Mapping[str, Any]]


def cases_of(
    job: Job,
    known: Sequence[Sequence[float]],
    names: Sequence[str] | None,
    answer: Answer,
    *,
    missing: bool = True,
    far: bool = True,
    asked: Any = np.float32,
    fed: Any = np.float32,
) -> Iterator[Case]:
    """The user's rows, then generated ones.

    Args:
        job: the conversion.
        known: per column, the values at which the model changes.
        names: the columns' names, where the model has them.
        answer: the framework's outputs by name for rows.
        missing: whether the framework takes missing values (NaN).
        far: whether it takes infinite values.
        asked: the type of the numbers that the framework is asked with: float64 where it tells more of them apart than float32 does.
        fed: the type of the numbers that the ONNX model takes.
    """
    for origin, rows in _all_rows(
        job, known, names, answer, missing=missing, far=far, asked=asked, fed=fed
    ):
        for case in in_batches(origin, {INPUT: rows}, lambda inputs: answer(inputs[INPUT])):
            yield replace(case, inputs={INPUT: case.inputs[INPUT].astype(fed)})


def _all_rows(
    job: Job,
    known: Sequence[Sequence[float]],
    names: Sequence[str] | None,
    answer: Answer,
    *,
    missing: bool,
    far: bool,
    asked: Any,
    fed: Any,
) -> Iterator[tuple[str, Any]]:
    if job.sample is not None:
        yield "sample", tabular.sample_matrix(job.sample, len(known), names, asked)
    rows = tabular.rows_between(known, fed)
    found = answer(rows)
    if "label" in found:
        columns = with_rare_classes(
            list(rows.T), found, lambda made: answer(np.stack(made, axis=1))
        )
        if len(columns[0]) > len(rows):
            rows = np.stack(columns, axis=1)
            found = answer(rows)
        rows = tabular.varied(rows, classes_of(found))
    rows = rows[: tabular.ROWS]
    yield "generated", rows
    if missing:
        yield "generated", with_missing(rows)
    if far:
        yield "generated", with_far(rows)


def classes_of(found: Mapping[str, Any]) -> Any:
    """One label per row, also where there are several."""
    labels = np.asarray(found["label"])
    if labels.ndim < 2:
        return labels
    return np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)


def with_missing(rows: Any) -> Any:
    """64 of the rows with every seventh value or so missing (NaN)."""
    random = np.random.default_rng(2)
    made = rows[:64].copy()
    made[random.random(made.shape) < 0.15] = np.nan
    return made


def with_far(rows: Any) -> Any:
    """64 of the rows, in which every seventh value or so is zero, infinite, or the largest that float32 holds."""
    random = np.random.default_rng(1)
    made = rows[:64].copy()
    largest = np.finfo(np.float32).max
    values = np.array([0.0, -0.0, np.inf, -np.inf, largest, -largest], np.float32)
    chosen = random.random(made.shape) < 0.15
    made[chosen] = random.choice(values, int(chosen.sum()))
    return made
