"""Rows to ask a machine about: its support vectors, points between and around them, and points far away; and the user's."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxport.converter.inside.libsvm.machine import Machine
from onnxport.converter.interface import ConversionRefused

_SEED = 20260101
_CANDIDATES, _FEWEST = 2048, 48
_MOST_CELLS = 1 << 24
_MOST_PRODUCTS = 1 << 28
_SPARSE = 0.2


def candidates(machine: Machine, width: int) -> Any:
    """Float64 [rows, width], up to 2048 rows, fewer for very wide or large machines. Where the vectors are sparse, so are the rows."""
    random = np.random.default_rng(_SEED)
    vectors, total = machine.vectors, len(machine.vectors)
    is_sparse = len(vectors.values) < _SPARSE * total * width
    count = _affordable(machine, width, is_sparse)
    one, other = random.integers(0, total, (2, count))
    rows = vectors.dense(width, one)
    rows += random.random((count, 1)) * (vectors.dense(width, other) - rows)
    largest = np.abs(rows).max(axis=0)
    spread = np.ptp(vectors.dense(width, np.unique(one)), axis=0)
    spread = np.where(spread > 0, spread, np.where(largest > 0, largest, 1.0))
    noise = random.choice([0.0, 0.05, 0.3, 1.0], (count, 1)) * random.normal(size=rows.shape)
    rows += np.where((rows != 0) | (not is_sparse), noise * spread, 0.0)
    rows[0] = 0
    rows[1] *= 100
    return rows


def _affordable(machine: Machine, width: int, is_sparse: bool) -> int:
    """How many rows LIBSVM answers in a few seconds."""
    total, stated = len(machine.vectors), len(machine.vectors.values)
    work = stated + (2 * stated if is_sparse else total * width)
    return max(_FEWEST, min(_CANDIDATES, _MOST_CELLS // width, _MOST_PRODUCTS // (work + 1)))


def sample_rows(sample: Mapping[str, Any], least: int) -> Any:
    """The user's rows, float64 [rows, at least `least` columns]: one matrix, or one array per column."""
    arrays = list(sample.values())
    if "X" in sample or len(arrays) == 1:
        matrix = sample.get("X", arrays[0])
        matrix = matrix.reshape(1, -1) if matrix.ndim == 1 else matrix
    else:
        lengths = {array.shape[:1] for array in arrays if array.size == len(array)}
        if len(lengths) != 1 or any(array.size != len(array) for array in arrays):
            raise ConversionRefused(
                "the sample holds several arrays that are not columns of one length",
                "Give one matrix of numbers.",
            )
        matrix = np.stack([array.reshape(-1) for array in arrays], axis=1)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf" or matrix.shape[1] < least:
        raise ConversionRefused(
            f"the sample holds {matrix.dtype} {list(matrix.shape)}; the model takes rows of at least {least} numbers",
            "Give one matrix of numbers with a column for every feature, in the order of LIBSVM's indices.",
        )
    return matrix.astype(np.float64)
