"""Label flips that are ties: where the framework's own scores of both labels are equal within the scores' tolerance."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onnxport.converter.interface import Output

Array = np.ndarray[Any, Any]
_EVEN = 0.5


def score_names(output: Output) -> tuple[str, ...]:
    """The outputs that hold the scores of a label output."""
    scores = output.scores
    return () if scores is None else (scores,) if isinstance(scores, str) else scores


def count_ties(
    output: Output,
    expected: Array,
    actual: Array,
    scores: Sequence[Array],
    tolerances: Sequence[float],
) -> int:
    """How many rows have another label only where the scores, as the framework gave them, differ by less than their tolerance.

    Args:
        output: the label output.
        expected: the framework's labels, one or several per row.
        actual: those of the ONNX model.
        scores: the framework's scores, in the order of `score_names`.
        tolerances: how far apart scores may be that count as equal, for each of `scores`.
    """
    if not scores:
        return 0
    wanted, got = (labels.reshape(len(labels), -1) for labels in (expected, actual))
    different = wanted != got
    if isinstance(output.scores, str) and wanted.shape[1] > 1:
        excused = _at_the_middle(scores[0], wanted.shape[1], tolerances[0])
    else:
        columns = output.labels if wanted.shape[1] > 1 else (output.labels,)
        if len(columns) != wanted.shape[1] or len(scores) != len(columns):
            return 0
        excused = np.stack(
            [
                _equal_scores(labels, wanted[:, at], got[:, at], scores[at], tolerances[at])
                for at, labels in enumerate(columns)
            ],
            axis=1,
        )
    return int(np.count_nonzero(different.any(axis=1) & (excused | ~different).all(axis=1)))


def _at_the_middle(scores: Array, count: int, tolerance: float) -> Array:
    """Of labels that are set or not, each with its probability: where that is neither."""
    matrix = scores.reshape(len(scores), -1).astype(np.float64)
    if matrix.shape[1] != count:
        return np.zeros((len(matrix), count), bool)
    return np.asarray(np.abs(matrix - _EVEN) <= tolerance)


def _equal_scores(
    labels: Sequence[Any], wanted: Array, got: Array, scores: Array, tolerance: float
) -> Array:
    """Where the scores of the two labels of a row are equal; a single score decides between two labels by its sign."""
    matrix = scores.reshape(len(scores), -1).astype(np.float64)
    if matrix.shape[1] == 1:
        return np.asarray(np.abs(matrix[:, 0]) <= tolerance)
    names = [str(label) for label in labels or range(matrix.shape[1])]
    equal = np.zeros(len(matrix), bool)
    if len(names) != matrix.shape[1]:
        return equal
    column = {name: position for position, name in enumerate(names)}
    for row in np.flatnonzero(wanted != got):
        first, second = (column.get(str(side[row])) for side in (wanted, got))
        if first is not None and second is not None:
            equal[row] = abs(matrix[row, first] - matrix[row, second]) <= tolerance
    return equal
