"""Rows to ask a machine about: its support vectors, points between and around them, and points far away; and the user's."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxport.converter.inside.libsvm.machine import Machine
from onnxport.converter.interface import ConversionRefused

_SEED = 20260101
_CANDIDATES, _FEWEST = 2048, 48
_MOST_CELLS = 1 << 24
_MOST_PRODUCTS = 1 << 30


def candidates(machine: Machine, width: int) -> Any:
    """Float64 [rows, width], up to 2048 rows, fewer for very wide or large machines."""
    random = np.random.default_rng(_SEED)
    count = min(_CANDIDATES, _MOST_CELLS // width, _MOST_PRODUCTS // len(machine.vectors.values))
    count = max(_FEWEST, count)
    total = len(machine.vectors)
    one, other = random.integers(0, total, (2, count))
    share = random.random((count, 1))
    rows = machine.vectors.dense(width, one)
    rows += share * (machine.vectors.dense(width, other) - rows)
    spread = np.ptp(machine.vectors.dense(width, np.unique(one)), axis=0)
    used = np.abs(rows).max(axis=0) > 0
    spread = np.where(spread > 0, spread, np.where(used, np.abs(rows).max(axis=0), 1.0))
    rows += (
        random.choice([0.0, 0.05, 0.3, 1.0], (count, 1)) * spread * random.normal(size=rows.shape)
    )
    rows[0] = 0
    rows[1] *= 100
    return rows


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
