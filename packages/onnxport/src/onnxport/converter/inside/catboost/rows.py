"""Rows of numbers and categories to compare on: the user's, and generated ones of known and unknown categories and known combinations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from onnxport.converter.inside import tabular
from onnxport.converter.inside.batches import in_batches
from onnxport.converter.inside.catboost.columns import input_places
from onnxport.converter.inside.catboost.derived import borders_of
from onnxport.converter.inside.catboost.read import Model
from onnxport.converter.inside.catboost.sample import renditions, sample_columns
from onnxport.converter.inside.catboost.vocabulary import Categories, Vocabulary
from onnxport.converter.inside.trees.cases import classes_of, with_far, with_missing
from onnxport.converter.inside.trees.forest import LEAF
from onnxport.converter.inside.trees.rare import with_rare_classes
from onnxport.converter.interface import Case, ConversionRefused, Job, Output

Arrays = Mapping[str, Any]
_SEED = 20260101
_UNKNOWN_TEXT = "what the model never saw"


def mixed_cases(
    job: Job,
    model: Model,
    vocabulary: Vocabulary,
    outputs: Sequence[Output],
    answer: Callable[[Any], Arrays],
) -> Iterator[Case]:
    """The user's rows, then generated ones; `answer` gives the framework's outputs for a data frame of the model's columns."""
    inputs = _Inputs(model, vocabulary)

    def run(arrays: Arrays) -> Arrays:
        found = answer(inputs.frame(arrays))
        return {o.name: array for o, array in zip(outputs, found.values(), strict=True)}

    if job.sample is not None:
        yield from in_batches("sample", inputs.of_sample(job.sample), run)
    numbers = tabular.rows_between(_known_numbers(model))
    categories = _generated_categories(vocabulary)

    def ask(columns: Sequence[Any]) -> Arrays:
        matrix = np.stack(columns[: numbers.shape[1]], axis=1)
        chosen = dict(zip(places, columns[numbers.shape[1] :], strict=True))
        return answer(inputs.frame(inputs.arrays(matrix, chosen)))

    places = list(categories)
    columns = [*numbers.T, *categories.values()]
    found = ask(columns)
    chosen = np.arange(tabular.ROWS)
    if "label" in found:
        columns = with_rare_classes(columns, found, ask)
        numbers = np.stack(columns[: numbers.shape[1]], axis=1)
        categories = dict(zip(places, columns[numbers.shape[1] :], strict=True))
        found = ask(columns)
        chosen = tabular.varied_places(classes_of(found))
    numbers = numbers[chosen]
    categories = {place: values[chosen] for place, values in categories.items()}
    for rows in (numbers, with_missing(numbers), with_far(numbers)):
        yield from in_batches("generated", inputs.arrays(rows, categories), run)


class _Inputs:
    """Between the inputs of the ONNX model and the model's own columns."""

    def __init__(self, model: Model, vocabulary: Vocabulary) -> None:
        self._model, self._vocabulary = model, vocabulary
        self._places = input_places(model, vocabulary)

    def frame(self, arrays: Arrays) -> Any:
        """A data frame of all columns of the model; what it does not look at is filled with anything."""
        rows = len(next(iter(arrays.values())))
        known = {place: arrays[self._model.names[place]].reshape(-1) for place in self._places}
        fill = {
            place: np.full(rows, "")
            if place in self._model.categorical
            else np.zeros(rows, np.float32)
            for place in range(len(self._model.names))
            if place not in known
        }
        columns = {**known, **fill}
        return pd.DataFrame(
            {
                name: columns[place].astype(object)
                if columns[place].dtype.kind == "U"
                else columns[place]
                for place, name in enumerate(self._model.names)
            }
        )

    def arrays(self, numbers: Any, categories: Mapping[int, Any]) -> dict[str, Any]:
        """The inputs, from a matrix of all columns and the categories of some."""
        made = {}
        for place in self._places:
            values = categories.get(place)
            values = numbers[:, place] if values is None else values[: len(numbers)]
            made[self._model.names[place]] = values[:, np.newaxis]
        return made

    def of_sample(self, sample: Arrays) -> dict[str, Any]:
        """The inputs, from the user's sample."""
        found = sample_columns(sample, self._model.names, self._places)
        made = {}
        for place, values in found.items():
            column = self._vocabulary.columns.get(place)
            name = self._model.names[place]
            given = _numbers(name, values) if column is None else _categories(name, column, values)
            made[name] = given[:, np.newaxis]
        if len({len(array) for array in made.values()}) != 1:
            raise ConversionRefused(
                "the sample's columns do not all have the same number of rows",
                "Give one value per row in each column.",
            )
        return made


def _known_numbers(model: Model) -> list[list[float]]:
    """Per column, the borders of splits and conditions."""
    known: list[list[float]] = [[] for _ in model.names]
    for tree in model.trees:
        for node in np.flatnonzero(tree.feature != LEAF).tolist():
            if (place := int(tree.feature[node])) < len(known):
                known[place].append(float(tree.threshold[node]))
    for place, border in borders_of(model.derived):
        known[place].append(border)
    return known


def _generated_categories(vocabulary: Vocabulary) -> dict[int, Any]:
    """2048 categories per column: known and unknown ones, and in half of the rows a combination that the model knows."""
    random = np.random.default_rng(_SEED)
    numbers = {
        place: np.where(
            random.random(tabular.CANDIDATES) < 0.1,
            column.size,
            random.integers(0, column.size + 1, tabular.CANDIDATES),
        )
        for place, column in vocabulary.columns.items()
    }
    tables = [table for table in vocabulary.tables if len(table.columns) > 1 and len(table.parts)]
    for row in range(0, tabular.CANDIDATES, 2) if tables else ():
        table = tables[int(random.integers(len(tables)))]
        parts = table.parts[int(random.integers(len(table.parts)))]
        for place, number in zip(table.columns, parts, strict=False):
            numbers[place][row] = number
    return {place: _words(column)[numbers[place]] for place, column in vocabulary.columns.items()}


def _words(column: Categories) -> Any:
    """A category for each number, and last one that the model does not know."""
    words = dict(zip(column.numbers, column.texts, strict=True))
    known = [words[number] for number in range(column.size)]
    if column.is_whole:
        return np.array([*map(int, known), max(map(int, known)) + 1], np.int64)
    return np.array([*known, _UNKNOWN_TEXT])


def _numbers(name: str, values: Any) -> Any:
    try:
        return values.astype(np.float32)
    except (ValueError, TypeError):
        raise ConversionRefused(
            f"the sample's column '{name}' holds something that is no number",
            f"Give the column '{name}' as numbers, as the model was trained on.",
        ) from None


def _categories(name: str, column: Categories, values: Any) -> Any:
    """As texts, written as the model knows them best, or as whole numbers."""
    known = set(column.texts)
    texts = max(renditions(values), key=lambda way: sum(text in known for text in way))
    if not column.is_whole:
        return np.array(texts, str)
    try:
        return np.array([int(text) for text in texts], np.int64)
    except ValueError:
        raise ConversionRefused(
            f"the sample's column '{name}' holds something that is no whole number, as the model's categories of it are",
            "Give rows as the model was trained on.",
        ) from None
