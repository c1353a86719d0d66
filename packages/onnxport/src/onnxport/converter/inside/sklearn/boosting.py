"""HistGradientBoosting with categories: a split by a set of categories becomes a column that says on which side of it a row is.

ONNX's trees compare numbers only. So each set becomes a column of its own, 0 for left and 1 for right, and the split compares that.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from onnxport.converter.inside.sklearn.graph import Graph, Precision


class CategorySplits(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Appends a column for each split by categories to the encoded columns. `tables` hold, by column, [categories + 1, splits] sides."""

    def __init__(self, tables: dict[int, Any], n_features_in_: int) -> None:
        self.tables = tables
        self.n_features_in_ = n_features_in_


def without_categories(model: Any) -> Any:
    """A pipeline of encoder, columns for the splits, and the model with plain splits; the model itself where it has no categories."""
    encoder = getattr(model, "_preprocessor", None)
    if encoder is None and not np.any(getattr(model, "is_categorical_", None)):
        return model
    width = model.n_features_in_
    tables = _plain_splits(model, width)
    model.n_features_in_ += sum(table.shape[1] for table in tables.values())
    steps = [("splits", CategorySplits(tables, width)), ("model", model)]
    if encoder is None:
        # As it was before scikit-learn 1.4: its categories are numbers from 0 on.
        return Pipeline(steps)
    for name, step, _ in encoder.transformers_:
        if name == "numerical" and hasattr(step, "func"):
            # It only checks its input.
            step.func = None
    model._preprocessor = None  # noqa: SLF001
    return Pipeline([("encoder", encoder), *steps])


def _plain_splits(model: Any, width: int) -> dict[int, Any]:
    """Rewrite the splits of a model's trees; return the columns that they need now."""
    known, of_column = model._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001
    sides: dict[tuple[int, bytes], Any] = {}
    splits = []
    for predictor in np.ravel(np.asarray(model._predictors, dtype=object)):  # noqa: SLF001
        for node in predictor.nodes:
            if node["is_leaf"] or not node["is_categorical"]:
                continue
            column = int(node["feature_idx"])
            left = predictor.raw_left_cat_bitsets[node["bitset_idx"]]
            side = _sides(left, known[of_column[column]], bool(node["missing_go_to_left"]))
            key = (column, side.tobytes())
            sides[key] = side
            splits.append((node, key))
    order = sorted(sides)
    place = {key: width + at for at, key in enumerate(order)}
    for node, key in splits:
        node["feature_idx"], node["num_threshold"] = place[key], 0.5
    columns = sorted({column for column, _ in order})
    return {
        column: np.stack([sides[key] for key in order if key[0] == column], axis=1)
        for column in columns
    }


def _sides(left: Any, known: Any, missing_left: bool) -> Any:
    """By category, and at the end for missing and unknown ones: 0 where it goes left, 1 where right."""
    count = 32 * len(left)
    in_left, is_known = (_bits(bitset, count) for bitset in (left, known))
    side = np.where(in_left, 0.0, np.where(is_known | (not missing_left), 1.0, 0.0))
    return np.append(side, 0.0 if missing_left else 1.0)


def _bits(bitset: Any, count: int) -> Any:
    return np.array([bool((int(bitset[at // 32]) >> (at % 32)) & 1) for at in range(count)])


def append_splits(scope: Any, operator: Any, container: Any) -> None:
    """`CategorySplits` as ONNX nodes."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    matrix = graph.matrix()
    parts = [matrix]
    for column, table in step.tables.items():
        value = graph.add("Gather", matrix, graph.constant(np.array(column, np.int64)), axis=1)
        last = len(table) - 1
        # Below zero, missing, or beyond the table: the last row.
        inside = graph.add(
            "And",
            graph.add("GreaterOrEqual", value, graph.numbers(0)),
            graph.add("Less", value, graph.numbers(last)),
        )
        place = graph.cast(graph.add("Where", inside, value, graph.numbers(last)), np.int64)
        parts.append(graph.add("Gather", graph.numbers(table), place))
    graph.give(graph.side_by_side(parts))


def set_split_shape(operator: Any) -> None:
    """The encoded columns and one for each split."""
    step = operator.raw_operator
    added = sum(table.shape[1] for table in step.tables.values())
    operator.outputs[0].type = Precision.tensor(step.n_features_in_ + added)
