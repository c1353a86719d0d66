"""A CatBoost model of numbers and categories as ONNX: an input per column, and what CatBoost makes of the categories."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto

from onnxport.converter.inside.catboost.derived import Condition, borders_of
from onnxport.converter.inside.catboost.read import Model
from onnxport.converter.inside.catboost.vocabulary import Table, Vocabulary
from onnxport.converter.inside.trees.forest import LEAF, Tree
from onnxport.converter.inside.trees.graph import Graph
from onnxport.converter.interface import ConversionRefused

_ML = "ai.onnx.ml"
_LARGEST = 1 << 62


def numeric_places(model: Model) -> list[int]:
    """The columns of numbers that the model looks at."""
    found = {place for place, _ in borders_of(model.derived)}
    for tree in model.trees:
        found.update(np.unique(tree.feature[tree.feature != LEAF]).tolist())
    return sorted(place for place in found if place < len(model.names))


def input_places(model: Model, vocabulary: Vocabulary) -> list[int]:
    """The columns that are inputs, in the model's order: those that it looks at."""
    return sorted([*numeric_places(model), *vocabulary.columns])


def input_kinds(model: Model, vocabulary: Vocabulary) -> dict[str, int]:
    """The inputs [batch, 1] of the graph with their element types."""
    kinds = dict.fromkeys(numeric_places(model), TensorProto.FLOAT)
    for place, categories in vocabulary.columns.items():
        kinds[place] = TensorProto.INT64 if categories.is_whole else TensorProto.STRING
    return {_input(place): kinds[place] for place in input_places(model, vocabulary)}


def write_columns(
    graph: Graph, model: Model, vocabulary: Vocabulary
) -> tuple[str, tuple[Tree, ...]]:
    """Add what the trees compare: the float32 tensor [batch, columns], and the trees with their columns in it."""
    places = numeric_places(model)
    writer = _Writer(graph, model, vocabulary)
    parts = [_input(place) for place in places]
    parts += [writer.values(table) for table in vocabulary.tables]
    made = sum(len(table.derived.otherwise) for table in vocabulary.tables)
    places += range(len(model.names), len(model.names) + made)
    # The last entry is for leaves.
    position = np.full(len(model.names) + made + 1, LEAF)
    position[places] = np.arange(len(places))
    trees = tuple(replace(tree, feature=position[tree.feature]) for tree in model.trees)
    tensor = graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    return tensor, trees


def _input(place: int) -> str:
    """A column's tensor: its own name, which may be anything, is given in the end."""
    return f"column{place}"


class _Writer:
    """Writes tables; what several of them need is written once."""

    def __init__(self, graph: Graph, model: Model, vocabulary: Vocabulary) -> None:
        self._graph, self._model, self._vocabulary = graph, model, vocabulary
        self._numbers: dict[int, str] = {}
        self._conditions: dict[Condition, str] = {}

    def values(self, table: Table) -> str:
        """The table's values [batch, width]."""
        parts = [self._number(column) for column in table.columns]
        parts += [self._condition(condition) for condition in table.derived.conditions]
        sizes = [self._vocabulary.columns[column].size + 1 for column in table.columns]
        sizes += [2] * len(table.derived.conditions)
        otherwise = table.derived.otherwise
        if len(parts) == 1:
            rows, values = parts[0], np.tile(otherwise, (sizes[0], 1))
            values[table.parts[:, 0]] = table.values
        else:
            rows = self._known_row(table, parts, sizes)
            values = np.concatenate([table.values, otherwise[np.newaxis]])
        return self._graph.add("Gather", self._graph.constant(values), rows, axis=0)

    def _known_row(self, table: Table, parts: Sequence[str], sizes: Sequence[int]) -> str:
        """The row of the table that holds the combination [batch], the one after the last where none does."""
        if math.prod(sizes) > _LARGEST:
            raise ConversionRefused(
                f"the model combines columns of {', '.join(map(str, sizes))} categories, more than whole numbers of 64 bits can tell apart",
                "Train it with max_ctr_complexity=1 or 2.",
            )
        graph = self._graph
        combined = parts[0]
        for part, size in zip(parts[1:], sizes[1:], strict=True):
            raised = graph.add("Mul", combined, graph.constant(np.int64(size)))
            combined = graph.add("Add", raised, part)
        keys = np.ravel_multi_index(tuple(table.parts.T), tuple(sizes)).tolist()
        return self._encoded(combined, list(range(len(keys))), len(keys), keys_int64s=keys)

    def _number(self, place: int) -> str:
        """The numbers of the column's categories [batch]."""
        if place not in self._numbers:
            categories = self._vocabulary.columns[place]
            flat = self._flat(_input(place))
            keys: Any = {"keys_strings": [text.encode() for text in categories.texts]}
            if categories.is_whole:
                keys = {"keys_int64s": [int(text) for text in categories.texts]}
            self._numbers[place] = self._encoded(flat, categories.numbers, categories.size, **keys)
        return self._numbers[place]

    def _encoded(self, tensor: str, numbers: Sequence[int], default: int, **keys: Any) -> str:
        return self._graph.add(
            "LabelEncoder",
            tensor,
            domain=_ML,
            values_int64s=list(numbers),
            default_int64=default,
            **keys,
        )

    def _condition(self, condition: Condition) -> str:
        """Whether the condition holds, 0 or 1 [batch]."""
        if condition not in self._conditions:
            holds = self._above(condition) if condition.category is None else self._is(condition)
            cast = self._graph.add("Cast", holds, to=TensorProto.INT64)
            self._conditions[condition] = cast
        return self._conditions[condition]

    def _above(self, condition: Condition) -> str:
        graph = self._graph
        value = self._flat(_input(condition.column))
        above = graph.add("Greater", value, graph.constant(np.float32(condition.border)))
        if condition.column not in self._model.missing_above:
            return above
        return graph.add("Or", above, graph.add("IsNaN", value))

    def _is(self, condition: Condition) -> str:
        hashes = self._vocabulary.columns[condition.column].hashes
        # A category that is not known is no row's number.
        number = hashes.index(condition.category) if condition.category in hashes else -1
        graph = self._graph
        return graph.add("Equal", self._number(condition.column), graph.constant(np.int64(number)))

    def _flat(self, tensor: str) -> str:
        return self._graph.add("Reshape", tensor, self._graph.constant(np.array([-1], np.int64)))
