"""Rows to compare on, made from what the model knows: categories and unknown ones, words, numbers around its thresholds, gaps."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onnxport.converter.inside import tabular
from onnxport.converter.inside.sklearn import ranges
from onnxport.converter.inside.sklearn.columns import MATRIX, TEXT, TRUTH, WHOLE, Column, Inputs
from onnxport.converter.inside.sklearn.frames import dtype_of

Arrays = dict[str, Any]
REFUSALS = (ValueError, IndexError)
"""What models raise for rows that they do not take."""
_SEED = 20260101
_GAPS = 64
_LONGEST_TEXT = 12
_UNKNOWN_WORDS = ("onnx", "Zebra", "naïve", "x", "42", "snake_case", "don't", "日本語")
_BETWEEN = (" ", " ", " ", ", ", "  ", ". ", "-", "\n", "; ", "/")
_MOST_WORDS = 2000


def candidates(model: Any, inputs: Inputs, *, spread: float = 0) -> Arrays:
    """2048 rows without gaps, by the ONNX model's inputs, numbers in float64: those that the model knows, or with `spread` of that size."""
    known = ranges.known_values(model, inputs.width)
    random = np.random.default_rng(_SEED)
    numbers = tabular.rows_between(known, np.float64)
    if spread:
        numbers = tabular.rows_between([[]] * inputs.width, np.float64) * spread
    points = ranges.known_rows(model, inputs.width)
    if len(points) and not spread:
        # As they are, and near by: where a model only knows the surroundings of its rows.
        at = random.integers(0, len(points), tabular.CANDIDATES // 4)
        noise = random.normal(0, 0.05, (len(at), inputs.width)) * points.std(axis=0)
        numbers[: len(at)] = points[at] + noise * (random.random((len(at), 1)) < 0.5)
    if inputs.is_matrix:
        matrix = numbers
        for column in inputs.columns:
            if column.categories:
                matrix[:, column.place] = _categories(column, random)
        return {MATRIX: matrix}
    return {
        column.name: _values(column, numbers[:, column.place], random).astype(
            dtype_of(column, double=True) if column.kind != TEXT else str
        )[:, np.newaxis]
        for column in inputs.columns
    }


def with_gaps(inputs: Inputs, arrays: Arrays) -> Arrays | None:
    """64 of the rows with gaps in the columns for which the model has a rule; `None` where it has none."""
    if not any(column.may_miss for column in inputs.columns):
        return None
    random = np.random.default_rng(_SEED)
    made = {name: array[:_GAPS].copy() for name, array in arrays.items()}
    for column in inputs.columns:
        if column.may_miss:
            values = made[MATRIX][:, [column.place]] if inputs.is_matrix else made[column.name]
            holes = random.random(values.shape) < 0.15
            values = np.where(holes, _gap_of(column), values)
            if inputs.is_matrix:
                made[MATRIX][:, [column.place]] = values
            else:
                made[column.name] = values
    return made


def taken(arrays: Arrays, run: Callable[[Arrays], Any], most: int) -> Arrays:
    """The rows that the model takes, at most so many: halves are tried until what it refuses is found."""
    rows = len(next(iter(arrays.values())))
    kept: list[int] = []
    waiting = [range(min(rows, most))]
    while waiting:
        part = waiting.pop()
        try:
            run(chosen(arrays, part))
        except REFUSALS:
            if len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
            continue
        kept.extend(part)
    return chosen(arrays, kept)


def chosen(arrays: Arrays, rows: Any) -> Arrays:
    """Some of the rows."""
    at = np.asarray(list(rows), np.int64)
    return {name: array[at] for name, array in arrays.items()}


def without_signs(arrays: Arrays) -> Arrays:
    """The rows with numbers that are not negative, for models that take only such."""
    return {n: np.abs(a) if a.dtype.kind == "f" else a for n, a in arrays.items()}


def _values(column: Column, numbers: Any, random: Any) -> Any:
    if column.terms:
        return _texts(column, random)
    if column.categories:
        return _categories(column, random)
    if column.kind == TEXT:
        return random.choice(np.array(["", "a", "some", "words", "of text"]), len(numbers))
    if column.kind == TRUTH:
        return random.random(len(numbers)) < 0.5
    return np.rint(numbers) if column.kind == WHOLE else numbers


def _categories(column: Column, random: Any) -> Any:
    values = list(column.categories)
    count = tabular.CANDIDATES
    if column.kind == TRUTH:
        return random.random(count) < 0.5
    pool = np.array(values)
    made = pool[random.integers(0, len(pool), count)]
    if not column.is_open:
        return made
    unknown: Any = max(values) + 1 if column.kind != TEXT else "what the model never saw"
    return np.where(random.random(count) < 0.1, unknown, made)


def _texts(column: Column, random: Any) -> Any:
    """Texts of known and unknown words, of one or both cases, with all kinds of things between them; some empty."""
    known = [word for term in list(column.terms)[:_MOST_WORDS] for word in term.split(" ")]
    made = []
    for _ in range(tabular.CANDIDATES):
        text = ""
        for _ in range(int(random.integers(0, _LONGEST_TEXT))):
            pool = known if random.random() < 0.8 else _UNKNOWN_WORDS
            word = pool[int(random.integers(0, len(pool)))]
            word = [word, word, word.capitalize(), word.upper()][int(random.integers(0, 4))]
            text += word + _BETWEEN[int(random.integers(0, len(_BETWEEN)))]
        made.append(text)
    return np.array(made)


def _gap_of(column: Column) -> Any:
    if column.kind != TEXT:
        return np.nan
    return column.missing if isinstance(column.missing, str) else ""
