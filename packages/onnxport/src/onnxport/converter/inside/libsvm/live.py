"""Examples as users of LIBSVM's Python package hold them, as dense rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onnxport.converter.interface import ConversionRefused


def example_rows(example: Any, first_index: int) -> Any:
    """Float64 [rows, columns] from a matrix, dense or sparse, a data frame, or a list of rows, dense or `{index: value}`.

    LIBSVM counts the columns of dense rows from 1; `first_index` is what the converted model counts from.
    """
    rows = list(example) if isinstance(example, (list, tuple)) else example
    if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
        return _from_indices(rows, first_index)
    if isinstance(rows, Mapping):
        rows = np.stack([np.asarray(column) for column in rows.values()], axis=1)
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    try:
        matrix = np.atleast_2d(np.asarray(rows, np.float64))
    except (TypeError, ValueError):
        matrix = np.zeros(0)
    if matrix.ndim != 2:
        raise ConversionRefused(
            "the example is not a matrix of numbers",
            "Give rows as svm_predict takes them.",
        )
    return np.pad(matrix, ((0, 0), (1 - first_index, 0)))


def _from_indices(rows: Sequence[Mapping[int, float]], first_index: int) -> Any:
    width = max((max(row, default=0) for row in rows), default=0) + 1 - first_index
    matrix = np.zeros((len(rows), width))
    for place, row in enumerate(rows):
        for index, number in row.items():
            matrix[place, index - first_index] = number
    return matrix
