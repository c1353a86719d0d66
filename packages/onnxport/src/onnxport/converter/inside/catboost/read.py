"""Reading CatBoost's JSON of a model (https://catboost.ai/docs/en/concepts/json-model-example): trees, and what becomes of their sum."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from onnxport.converter.inside.catboost.derived import Derived, Splits, read_splits
from onnxport.converter.inside.catboost.tables import read_counts
from onnxport.converter.inside.trees.forest import LEAF, Tree
from onnxport.converter.inside.trees.labels import plain_labels
from onnxport.converter.interface import ConversionRefused

# What the sum becomes for each loss. Source: `predict` of CatBoost's classes for Python.
_TWO_CLASSES = {"Logloss", "CrossEntropy", "Focal"}
_MANY_LABELS = {"MultiLogloss", "MultiCrossEntropy"}
_EXPONENTIAL = {"Poisson", "Tweedie"}
_CLASSIFIERS = {*_TWO_CLASSES, *_MANY_LABELS, "MultiClass", "MultiClassOneVsAll"}
_OWN_LOSSES = ("PythonUserDefined", "UserPerObj", "UserQuerywise")


@dataclass(frozen=True)
class Model:
    """A CatBoost model: its loss, sums per row, columns, trees, start of the sums, class labels, and threshold of the second class.

    `labels` are as ONNX holds them, for classifiers that choose one class. `derived` are what CatBoost makes of categories: trees count
    these columns after those of `names`. `missing_above` are the columns whose missing values are above every border, `categorical` those
    of categories.
    """

    loss: str
    outputs: int
    names: tuple[str, ...]
    trees: tuple[Tree, ...]
    base: Any
    labels: tuple[Any, ...]
    threshold: float
    derived: tuple[Derived, ...] = ()
    missing_above: frozenset[int] = frozenset()
    categorical: frozenset[int] = frozenset()

    @property
    def answers(self) -> str:
        """The kind of answer: `two classes`, `classes`, `one against all`, `labels`, `exponential`, `uncertainty` or `values`."""
        if self.loss in _TWO_CLASSES:
            return "two classes"
        kinds = {"MultiClass": "classes", "MultiClassOneVsAll": "one against all"}
        kinds |= {"RMSEWithUncertainty": "uncertainty"}
        kinds |= dict.fromkeys(_MANY_LABELS, "labels") | dict.fromkeys(_EXPONENTIAL, "exponential")
        return kinds.get(self.loss, "values")


def read_model(model: Any) -> Model:
    """Read a model. Raises `ConversionRefused` for columns of text and embeddings, and for a loss of the user's own."""
    names = tuple(str(name) for name in model.feature_names_)
    _refuse_columns(model, names)
    document = json.loads(_saved(model, "json"))
    information = document["model_info"]
    loss = _loss_of(information, has_classes=len(model.classes_) > 0)
    scale, starts = document["scale_and_bias"]
    base = np.atleast_1d(np.asarray(starts, np.float64))
    features = document["features_info"]
    counts = read_counts(_saved(model, "cbm")) if features.get("ctrs") else []
    splits = read_splits(features, counts, len(names))
    columns = _Columns.of(features, splits)
    trees = tuple(_trees_of(document, columns, len(base), float(scale)))
    return Model(
        loss,
        len(base),
        names,
        trees,
        base,
        _labels_of(model, loss),
        float(information.get("binclass_probability_threshold", 0.5)),
        splits.derived,
        columns.missing_above,
        frozenset(int(place) for place in model.get_cat_feature_indices()),
    )


def _saved(model: Any, form: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{form}"
        model.save_model(str(path), format=form)
        return path.read_bytes()


def _refuse_columns(model: Any, names: tuple[str, ...]) -> None:
    kinds = {
        "text": model.get_text_feature_indices(),
        "embeddings": model.get_embedding_feature_indices(),
    }
    for what, columns in kinds.items():
        if columns:
            shown = ", ".join(names[column] for column in columns[:8])
            dots = ", ..." if len(columns) > 8 else ""
            raise ConversionRefused(
                f"the model takes columns of {what} ({shown}{dots}), which CatBoost turns into numbers by its own hashes and statistics",
                "Turn them into numbers before training, and train CatBoost on numbers and categories alone.",
            )


def _loss_of(information: Mapping[str, Any], *, has_classes: bool) -> str:
    """The loss; empty where the sums themselves are the answer because it is not known. Refused for a classifier."""
    parameters = information.get("params", {})
    parameters = json.loads(parameters) if isinstance(parameters, str) else parameters
    loss = str(parameters.get("loss_function", {}).get("type", ""))
    if loss and not loss.startswith(_OWN_LOSSES):
        return loss
    if has_classes:
        raise ConversionRefused(
            f"the classifier's loss is not CatBoost's own ({loss or 'none is named'}): what makes probabilities of its sums is not known",
            "Train it for one of CatBoost's own losses.",
        )
    return ""


def _labels_of(model: Any, loss: str) -> tuple[Any, ...]:
    if loss not in _CLASSIFIERS or loss in _MANY_LABELS:
        return ()
    return plain_labels(model.classes_)


def _trees_of(
    document: Mapping[str, Any], columns: "_Columns", width: int, scale: float
) -> Iterator[Tree]:
    for tree in document.get("oblivious_trees", ()):
        yield _symmetric(tree, columns, width, scale)
    for tree in document.get("trees", ()):
        yield _free(tree, columns, width, scale)


@dataclass(frozen=True)
class _Columns:
    """Where splits find what they compare: CatBoost's own numbering of columns of numbers, and the columns made of categories.

    Missing values are above every border in the columns `missing_above`, below in all others.
    """

    places: Mapping[int, int]
    missing_above: frozenset[int]
    splits: Splits

    @classmethod
    def of(cls, information: Mapping[str, Any], splits: Splits) -> "_Columns":
        found = information.get("float_features", ())
        places = {int(entry["feature_index"]): int(entry["flat_feature_index"]) for entry in found}
        above = (e["flat_feature_index"] for e in found if e["nan_value_treatment"] == "AsTrue")
        return cls(places, frozenset(above), splits)

    def column_and_border(self, split: Mapping[str, Any]) -> tuple[int, float]:
        """What a split compares, and with what: above is right."""
        if split.get("split_type", "FloatFeature") == "FloatFeature":
            return self.places[int(split["float_feature_index"])], float(split["border"])
        return self.splits.column_and_border(split)

    def missing_left(self, places: Any) -> Any:
        """What is above a border goes right; so do missing values only where they count as above."""
        return ~np.isin(places, list(self.missing_above))


def _symmetric(tree: Mapping[str, Any], columns: _Columns, width: int, scale: float) -> Tree:
    """A tree with the same split on each level: split `i` is bit `i` of the leaf's number. The last split becomes the root."""
    splits = [columns.column_and_border(split) for split in reversed(tree["splits"] or ())]
    depth = len(splits)
    inner = (1 << depth) - 1
    levels = np.repeat(np.arange(depth), 1 << np.arange(depth))
    places = np.array([place for place, _ in splits], np.int64)
    borders = np.array([border for _, border in splits], np.float32)
    leaves = np.asarray(tree["leaf_values"], np.float64).reshape(1 << depth, width) * scale
    numbers = np.arange(inner)
    none = np.zeros(1 << depth, np.int64)
    return Tree(
        np.concatenate([places[levels], none + LEAF]),
        np.concatenate([borders[levels], none]),
        np.concatenate([2 * numbers + 1, none]),
        np.concatenate([2 * numbers + 2, none]),
        np.concatenate([columns.missing_left(places)[levels], none > 0]),
        np.concatenate([np.zeros((inner, width)), leaves]),
    )


def _free(tree: Mapping[str, Any], columns: _Columns, width: int, scale: float) -> Tree:
    """A tree whose nodes each have a split of their own."""
    nodes = [tree]
    rows = []
    for node in nodes:
        if "split" not in node:
            value = np.asarray(node["value"], np.float64).reshape(-1) * scale
            rows.append((LEAF, 0.0, 0, 0, value))
        else:
            split = columns.column_and_border(node["split"])
            rows.append((*split, len(nodes), len(nodes) + 1, np.zeros(width)))
            nodes += [node["left"], node["right"]]
    feature, threshold, left, right, weights = zip(*rows, strict=True)
    places = np.array(feature, np.int64)
    return Tree(
        places,
        np.array(threshold, np.float32),
        np.array(left, np.int64),
        np.array(right, np.int64),
        (places != LEAF) & columns.missing_left(places),
        np.stack(weights),
    )
