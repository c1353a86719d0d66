"""Inputs for models of numeric columns: rows made from what the model knows of each column. Runs where numpy is."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onnxport.converter.interface import ConversionRefused

CANDIDATES = 2048
ROWS = 256
_SEED = 20260101


def rows_between(known: Sequence[Sequence[float]], dtype: Any = np.float32) -> Any:
    """Make candidate rows, [2048, columns]: for each column values around and between those the model knows.

    A third of the values lies on a known value or next to it (tree thresholds are met from both sides), the rest between two neighbours
    and up to half the span beyond both ends. A column of which nothing is known gets normal values of three widths. In float64 some are
    the known values with all their digits; none is beyond float32.
    """
    random = np.random.default_rng(_SEED)
    # Beside the largest float32 lies infinity.
    with np.errstate(over="ignore"):
        columns = [_column(np.unique(np.asarray(values, np.float64)), random) for values in known]
        made = np.stack(columns, axis=1)
        if dtype == np.float32:
            return made.astype(np.float32)
        largest = float(np.finfo(np.float32).max)
        return made.clip(-largest, largest)


def _column(values: Any, random: Any) -> Any:
    values = values[np.isfinite(values)]
    if values.size == 0:
        return random.normal(size=CANDIDATES) * random.choice([0.3, 1.0, 3.0], CANDIDATES)
    span = float(np.ptp(values)) or max(1.0, abs(float(values[0])))
    ends = np.concatenate([[values[0] - span / 2], values, [values[-1] + span / 2]])
    left = random.integers(0, len(ends) - 1, CANDIDATES)
    between = ends[left] + random.random(CANDIDATES) * (ends[left + 1] - ends[left])
    known = random.choice(values, CANDIDATES)
    near = known.astype(np.float32)
    far_side = random.choice(np.array([-np.inf, np.inf], np.float32), CANDIDATES)
    beside = np.where(random.random(CANDIDATES) < 0.5, known, np.nextafter(near, far_side))
    return np.where(random.random(CANDIDATES) < 1 / 3, beside, between)


def varied(rows: Any, labels: Any) -> Any:
    """Choose up to 256 rows in which every label that occurs is as frequent as can be."""
    return rows[varied_places(labels)]


def varied_places(labels: Any) -> Any:
    """The places of up to 256 rows in which every label, or every combination of several, is as frequent as can be."""
    _, kinds = np.unique(labels, axis=0, return_inverse=True)
    kinds = kinds.reshape(-1)
    order = np.argsort(kinds, kind="stable")
    _, starts, inverse = np.unique(kinds[order], return_index=True, return_inverse=True)
    rank_in_label = np.arange(len(order)) - starts[inverse.reshape(-1)]
    chosen = order[np.argsort(rank_in_label, kind="stable")][:ROWS]
    return np.sort(chosen)


def sample_matrix(
    sample: Mapping[str, Any],
    columns: int,
    names: "Sequence[str] | None",
    dtype: Any = np.float32,
) -> Any:
    """The user's sample as numbers [rows, columns]: one matrix, or one array per column; else `ConversionRefused`."""
    return _matrix(sample, columns, names).astype(dtype)


def _matrix(sample: Mapping[str, Any], columns: int, names: "Sequence[str] | None") -> Any:
    matrices = {
        name: array.reshape(len(array), -1)
        for name, array in sample.items()
        if array.ndim >= 2 and array[0:1].size == columns * len(array[0:1])
    }
    if matrices:
        return _as_numbers(matrices.get("X", next(iter(matrices.values()))))
    single = {name: array.reshape(-1) for name, array in sample.items() if array.ndim <= 2}
    if names is not None and set(names) <= set(single):
        return _as_numbers(np.stack([single[name] for name in names], axis=1))
    if len(single) == columns and len({len(array) for array in single.values()}) == 1:
        return _as_numbers(np.stack(list(single.values()), axis=1))
    if len(single) == 1 and (only := next(iter(single.values()))).size == columns:
        return _as_numbers(only.reshape(1, -1))
    shown = ", ".join(f"{name} {list(array.shape)}" for name, array in list(sample.items())[:6])
    wanted = f"the columns {', '.join(list(names)[:8])}" if names is not None else "one matrix"
    raise ConversionRefused(
        f"the sample holds {shown}; the model takes {columns} columns",
        f"Give {wanted} with {columns} numbers per row.",
    )


def _as_numbers(array: Any) -> Any:
    if array.dtype.kind not in "biuf":
        raise ConversionRefused(
            "the sample holds text where the model takes numbers",
            "Give numbers only, as the model was trained on.",
        )
    return array
