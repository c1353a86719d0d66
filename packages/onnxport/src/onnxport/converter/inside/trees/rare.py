"""Rows that lead to classes which hardly any row leads to: fraud, failures. Without them no proof would see that label."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Columns = Sequence[Any]
_SEED = 20260101
_ENOUGH, _MOST_CLASSES = 8, 20
_KEPT, _MADE, _ROUNDS = 64, 512, 8


def with_rare_classes(
    columns: Columns, found: Mapping[str, Any], ask: Callable[[Columns], Mapping[str, Any]]
) -> list[Any]:
    """The rows (one array per column) and, where a class is rare among their labels, rows bred for its probability.

    Bred rows take each column from one of the rows that come closest to the class, again and again. `ask` gives what `found` is for others.
    """
    probabilities = np.asarray(found["probabilities"])
    labels = np.asarray(found["label"])
    classes = probabilities.shape[1]
    _, counts = np.unique(labels, return_counts=True)
    common = len(counts) == classes and counts.min() >= _ENOUGH
    if labels.ndim > 1 or common or classes > _MOST_CLASSES:
        return list(columns)
    bred = [_bred(columns, probabilities[:, place], place, ask) for place in range(classes)]
    return [np.concatenate(parts) for parts in zip(columns, *bred, strict=True)]


def _bred(
    columns: Columns, scores: Any, place: int, ask: Callable[[Columns], Mapping[str, Any]]
) -> list[Any]:
    random = np.random.default_rng(_SEED + place)
    best = np.argsort(-scores, kind="stable")[:_KEPT]
    rows, scores = [column[best] for column in columns], scores[best]
    for _ in range(_ROUNDS):
        parents = random.integers(0, len(scores), (len(rows), _MADE))
        made = [column[chosen] for column, chosen in zip(rows, parents, strict=True)]
        gained = np.asarray(ask(made)["probabilities"])[:, place]
        rows = [np.concatenate(pair) for pair in zip(rows, made, strict=True)]
        scores = np.concatenate([scores, gained])
        best = np.argsort(-scores, kind="stable")[:_KEPT]
        rows, scores = [column[best] for column in rows], scores[best]
    return rows
