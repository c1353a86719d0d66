"""Comparing what ONNX Runtime gives with what the framework gave: pure functions on arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from onnxport.converter.interface import Output
from onnxport.converter.proof.ties import count_ties, score_names
from onnxport.domain.conversion import OutputComparison

Array = np.ndarray[Any, Any]
_INFINITE = float(np.finfo(np.float64).max)
"""Written in place of an infinite error: JSON has no infinity."""
_MOST_FLIPS_TOLD = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison of one output, whether it is within its tolerances, and how many label flips are ties of its scores."""

    comparison: OutputComparison
    within: bool
    ties: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """What the framework gave and what ONNX Runtime gave, by output; the first axis of every array counts rows."""

    expected: Mapping[str, Array]
    actual: Mapping[str, Array]


def compare(outputs: Sequence[Output], pairs: Sequence[Pair]) -> list[Verdict]:
    """Compare every output over all its rows. Raises `ValueError` where shapes cannot be brought together."""
    return [_compare_output(output, pairs, outputs) for output in outputs]


def _compare_output(output: Output, pairs: Sequence[Pair], outputs: Sequence[Output]) -> Verdict:
    """Rows of one shape are compared together: their usual size and whether they vary is seen over all of them."""
    by_shape: dict[tuple[int, ...], list[tuple[Array, Array, list[Array]]]] = {}
    names = score_names(output)
    for pair in pairs:
        wanted, got = aligned(pair.expected[output.name], pair.actual[output.name])
        scores = [pair.expected[name] for name in names if name in pair.expected]
        by_shape.setdefault(wanted.shape[1:], []).append((wanted, got, scores))
    verdicts = []
    for group in by_shape.values():
        wanted = np.concatenate([entry[0] for entry in group])
        got = np.concatenate([entry[1] for entry in group])
        if output.role == "label":
            whole = all(len(entry[2]) == len(names) for entry in group)
            columns = zip(*(entry[2] for entry in group), strict=True) if whole else ()
            scores = [np.concatenate(arrays) for arrays in columns]
            verdicts.append(_compare_labels(output, wanted, got, scores, outputs))
        else:
            verdicts.append(_compare_values(output, wanted, got))
    return _merged(verdicts)


def _merged(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict: the largest errors, the counts together; place and tolerance of the worst."""
    worst = max(verdicts, key=lambda v: (not v.within, v.comparison.max_absolute_error))
    found = [verdict.comparison for verdict in verdicts]
    comparison = replace(
        worst.comparison,
        rows=sum(c.rows for c in found),
        max_absolute_error=max(c.max_absolute_error for c in found),
        max_relative_error=max(c.max_relative_error for c in found),
        max_ulp_error=max(c.max_ulp_error for c in found),
        label_flips=sum(c.label_flips for c in found),
        varies=any(c.varies for c in found),
    )
    return Verdict(comparison, all(v.within for v in verdicts), sum(v.ties for v in verdicts))


def aligned(expected: Array, actual: Array) -> tuple[Array, Array]:
    """Bring both to one shape: a vector and a one-column matrix are the same; a binary score `s` may be two columns `[-s, s]`."""
    if expected.shape == actual.shape:
        return expected, actual
    if expected.ndim == 1 and actual.ndim == 2 and actual.shape == (len(expected), 2):
        return np.stack([-expected, expected], axis=1), actual
    same_rows = expected.shape[:1] == actual.shape[:1]
    if same_rows and expected.size == actual.size:
        rows = len(expected)
        return expected.reshape(rows, -1), actual.reshape(rows, -1)
    raise ValueError(
        f"the framework gives shape {list(expected.shape)}, the ONNX model {list(actual.shape)}"
    )


def _compare_values(output: Output, expected: Array, actual: Array) -> Verdict:
    wanted, got = expected.astype(np.float64), actual.astype(np.float64)
    absolute = max(output.absolute * _scale(wanted), output.step)
    error = _absolute_error(wanted, got)
    within = bool(np.all(error <= absolute + output.relative * np.abs(_finite(wanted))))
    size = np.abs(_finite(wanted))
    relative = np.divide(error, size, out=np.zeros_like(error), where=size > absolute)
    comparison = OutputComparison(
        name=output.name,
        rows=len(expected),
        max_absolute_error=_largest(error),
        max_relative_error=_largest(relative),
        max_ulp_error=_largest(_ulps(expected, actual, error)),
        label_flips=0,
        tolerance_absolute=absolute,
        tolerance_relative=output.relative,
        worst=_worst(error),
        varies=_varies(expected) and _spread(wanted) > 10 * absolute,
        worst_values=_values_at(_worst(error), wanted, got),
    )
    return Verdict(comparison, within)


def _compare_labels(
    output: Output,
    expected: Array,
    actual: Array,
    scores: Sequence[Array],
    outputs: Sequence[Output],
) -> Verdict:
    as_text = "U" in (expected.dtype.kind, actual.dtype.kind) or actual.dtype == object
    if as_text:
        expected, actual = expected.astype(str), actual.astype(str)
    flipped = np.flatnonzero((expected != actual).reshape(len(expected), -1).any(axis=1))
    stated = {given.name: given.absolute for given in outputs}
    tolerances = [
        stated[name] * _scale(array.astype(np.float64))
        for name, array in zip(score_names(output), scores, strict=False)
    ]
    ties = count_ties(output, expected, actual, scores, tolerances)
    comparison = OutputComparison(
        name=output.name,
        rows=len(expected),
        max_absolute_error=0.0,
        max_relative_error=0.0,
        max_ulp_error=0.0,
        label_flips=len(flipped),
        tolerance_absolute=0.0,
        tolerance_relative=0.0,
        worst=(int(flipped[0]),) if len(flipped) else None,
        varies=_varies(expected),
        flips_at=tuple(int(row) for row in flipped[:_MOST_FLIPS_TOLD]),
    )
    return Verdict(comparison, len(flipped) == ties, ties)


def _scale(values: Array) -> float:
    """The usual size of the values, at least 1: absolute tolerances are stated for values around 1."""
    finite = np.abs(values[np.isfinite(values)])
    return max(1.0, float(np.median(finite))) if finite.size else 1.0


def _absolute_error(expected: Array, actual: Array) -> Array:
    """|expected - actual|; 0 where both are NaN or the same infinity, infinite where only one side is finite."""
    with np.errstate(invalid="ignore"):
        error = np.abs(expected - actual)
    same = (expected == actual) | (np.isnan(expected) & np.isnan(actual))
    return np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, 0.0)


def _ulps(expected: Array, actual: Array, error: Array) -> Array:
    """The error in units of the last place of the ONNX output's type, at the framework's value."""
    kind = actual.dtype if actual.dtype.kind == "f" else np.dtype(np.float64)
    with np.errstate(over="ignore"):
        spacing = np.spacing(np.abs(_finite(expected.astype(np.float64))).astype(kind))
    return np.asarray(error / spacing.astype(np.float64))


def _largest(values: Array) -> float:
    return min(float(values.max()), _INFINITE) if values.size else 0.0


def _worst(error: Array) -> tuple[int, ...] | None:
    if not error.size or not error.max() > 0:
        return None
    return tuple(int(index) for index in np.unravel_index(int(error.argmax()), error.shape))


def _values_at(
    place: tuple[int, ...] | None, expected: Array, actual: Array
) -> tuple[float, float] | None:
    if place is None:
        return None
    pair = (float(expected[place]), float(actual[place]))
    return pair if np.isfinite(pair).all() else None


def _spread(values: Array) -> float:
    """The largest range of any column: an output that moves less than its tolerance shows nothing."""
    columns = _finite(values).reshape(len(values), -1)
    return float(np.ptp(columns, axis=0).max()) if columns.size else 0.0


def _varies(values: Array) -> bool:
    """Whether any two rows differ."""
    if len(values) < 2:
        return False
    rows = values.reshape(len(values), -1)
    differs = rows != rows[:1]
    if rows.dtype.kind == "f":
        differs &= ~(np.isnan(rows) & np.isnan(rows[:1]))
    return bool(differs.any())
