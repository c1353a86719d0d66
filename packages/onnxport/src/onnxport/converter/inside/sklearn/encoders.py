"""Encoders of categories as ONNX nodes: one-hot, ordinal and target encoding of text, whole numbers, numbers and truth values.

A category is looked up as its position; what the position stands for comes from a table. A category that the model refuses
leads past the end of its table, which ONNX Runtime refuses too. An empty text stands for a missing one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    Int64TensorType,
    StringTensorType,
)

from onnxport.converter.inside.sklearn.graph import LEARNED, Graph, Precision
from onnxport.converter.inside.sklearn.parts import is_missing


def one_hot(scope: Any, operator: Any, container: Any) -> None:
    """`OneHotEncoder`, with infrequent and dropped categories."""
    graph = Graph(scope, operator, container)
    encoder = operator.raw_operator
    parts = []
    for at, (name, variable) in enumerate(graph.columns(len(encoder.categories_))):
        slots, unknown, size = _slots(encoder, at)
        if not size:
            continue
        place = _looked_up(graph, name, variable, encoder.categories_[at])
        table = slots if unknown is None else np.append(slots, unknown)
        slot = graph.add("Gather", graph.constant(table.astype(np.int64)), place)
        depth = graph.constant(np.array(size, np.int64))
        parts.append(graph.one_hot(graph.reshape(slot, -1), depth))
    graph.give(graph.side_by_side(parts))


def ordinal(scope: Any, operator: Any, container: Any) -> None:
    """`OrdinalEncoder`, with infrequent categories, unknown and missing values."""
    graph = Graph(scope, operator, container)
    encoder = operator.raw_operator
    parts = []
    for at, (name, variable) in enumerate(graph.columns(len(encoder.categories_))):
        categories = encoder.categories_[at]
        table = np.arange(len(categories), dtype=float)
        grouped = _grouped(encoder, at)
        if grouped is not None:
            table[: len(grouped)] = grouped
        table[[is_missing(c) for c in categories]] = encoder.encoded_missing_value
        if encoder.handle_unknown == "use_encoded_value":
            table = np.append(table, encoder.unknown_value)
        place = _looked_up(graph, name, variable, categories)
        parts.append(graph.add("Gather", graph.numbers(table), place))
    graph.give(graph.side_by_side(parts))


def target(scope: Any, operator: Any, container: Any) -> None:
    """`TargetEncoder`: per category the mean of the target, or one per class."""
    graph = Graph(scope, operator, container)
    encoder = operator.raw_operator
    classes = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
    unknown = np.ravel(encoder.target_mean_)
    parts = []
    for at, (name, variable) in enumerate(graph.columns(len(encoder.categories_))):
        means = np.stack(encoder.encodings_[at * classes : (at + 1) * classes], axis=1)
        place = _looked_up(graph, name, variable, encoder.categories_[at])
        table = graph.numbers(np.concatenate([means, unknown[np.newaxis]]))
        parts.append(graph.add("Gather", table, graph.reshape(place, -1)))
    graph.give(graph.side_by_side(parts))


def set_encoded_shape(operator: Any) -> None:
    """A matrix of numbers, as wide as the encoder makes it."""
    operator.outputs[0].type = Precision.tensor(encoded_width(operator.raw_operator))


def encoded_width(encoder: Any) -> int:
    """How many columns an encoder gives."""
    if hasattr(encoder, "encodings_"):
        return len(encoder.encodings_)
    if not hasattr(encoder, "drop_idx_"):
        return len(encoder.categories_)
    return sum(_slots(encoder, at)[2] for at in range(len(encoder.categories_)))


def _slots(encoder: Any, at: int) -> tuple[Any, int | None, int]:
    """Of a one-hot encoder's column: the output of each category, that of unknown ones (`None` refuses them), and how many there are.

    An output beyond the last one sets none.
    """
    slots = np.arange(len(encoder.categories_[at]))
    grouped = _grouped(encoder, at)
    unknown = None if encoder.handle_unknown == "error" else -1
    if grouped is not None:
        slots[: len(grouped)] = grouped
        if encoder.handle_unknown in {"infrequent_if_exist", "warn"}:
            unknown = int(grouped.max())
    size = int(slots.max()) + 1 if slots.size else 0
    dropped = None if encoder.drop_idx_ is None else encoder._drop_idx_after_grouping[at]  # noqa: SLF001
    if dropped is not None:
        size -= 1
        slots = np.where(slots == dropped, -1, np.where(slots > dropped, slots - 1, slots))
        if unknown is not None:
            unknown = -1 if unknown == dropped else unknown - (unknown > dropped)
    none = size
    slots = np.where(slots < 0, none, slots)
    return slots, none if unknown == -1 else unknown, size


def _grouped(encoder: Any, at: int) -> Any:
    """Where each category goes when infrequent ones are put together; `None` where they are not."""
    if not getattr(encoder, "_infrequent_enabled", False):
        return None
    return encoder._default_to_infrequent_mappings[at]  # noqa: SLF001


def _looked_up(graph: Graph, name: str, variable: Any, categories: Any) -> str:
    """The position of each value among the categories, [rows, 1] whole numbers; after the last where it is none of them."""
    count = len(categories)
    missing = next((at for at, category in enumerate(categories) if is_missing(category)), None)
    keys = list(_keys(categories, variable.type))
    if isinstance(variable.type, BooleanTensorType):
        name = graph.cast(name, np.int64)
    if isinstance(variable.type, DoubleTensorType):
        place = _compared(graph, name, keys, count)
    else:
        place = _mapped(graph, name, variable.type, keys, count)
    if missing is None or isinstance(variable.type, StringTensorType):
        return place
    if isinstance(variable.type, (Int64TensorType, BooleanTensorType)):
        return place
    at = graph.constant(np.array(missing, np.int64))
    return graph.add("Where", graph.add("IsNaN", name), at, place)


def _keys(categories: Any, kind: Any) -> Iterator[tuple[int, Any]]:
    for at, category in enumerate(categories):
        if isinstance(kind, StringTensorType):
            yield at, "" if is_missing(category) else str(category)
        elif not is_missing(category):
            yield at, category


def _mapped(graph: Graph, name: str, kind: Any, keys: list[tuple[int, Any]], count: int) -> str:
    if isinstance(kind, StringTensorType):
        named: dict[str, Any] = {"keys_strings": [key for _, key in keys]}
    elif isinstance(kind, (Int64TensorType, BooleanTensorType)):
        named = {"keys_int64s": [int(key) for _, key in keys]}
    else:
        named = {"keys_floats": [float(key) for _, key in keys]}
    if not keys:
        zeros = graph.add("Cast", graph.add("IsNaN", name), to=7)  # 7: INT64
        return graph.add("Add", zeros, graph.constant(np.array(count, np.int64)))
    return graph.add(
        "LabelEncoder",
        name,
        domain=LEARNED,
        values_int64s=[at for at, _ in keys],
        default_int64=count,
        **named,
    )


def _compared(graph: Graph, name: str, keys: list[tuple[int, Any]], count: int) -> str:
    """As `_mapped`, for float64, which the lookup does not take."""
    values = np.array([float(key) for _, key in keys] or [np.nan])
    places = np.array([at for at, _ in keys] or [count])
    # In place of no match the last column is the first that is true.
    equal = graph.cast(graph.add("Equal", name, graph.constant(values[np.newaxis])), np.float32)
    some = graph.add("ReduceMax", equal, graph.constant(np.array([1], np.int64)), keepdims=1)
    none = graph.add("Sub", graph.constant(np.array(1, np.float32)), some)
    first = graph.add("ArgMax", graph.side_by_side([equal, none]), axis=1, keepdims=1)
    table = graph.constant(np.append(places, count).astype(np.int64))
    return graph.add("Gather", table, first)
