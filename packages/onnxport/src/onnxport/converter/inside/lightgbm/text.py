"""LightGBM's text of a model, read: trees, what becomes of their sum, and what its owner wrote beside it.

Source: `Tree::ToString`, `Tree::NumericalDecision`, `Tree::CategoricalDecision` and `GBDT::Predict` of LightGBM 4.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxport.converter.inside.trees.forest import LEAF, Steps, Tree, rounded_down, set_steps
from onnxport.converter.interface import ConversionRefused

CLASSES_KEY = "onnxport_classes"
"""A line that holds an estimator's class labels, which LightGBM's text has no place for."""
ZERO = np.float32(1e-35)
"""What is this small counts as zero."""
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_NONE, _MISSING_IS_ZERO, _MISSING_IS_NAN = 0, 1, 2
_EXPONENTIAL = {"poisson", "gamma", "tweedie"}
_IDENTITY = {
    "custom",
    "fair",
    "huber",
    "lambdarank",
    "mape",
    "none",
    "quantile",
    "rank_xendcg",
    "regression",
    "regression_l1",
}
_LINKS = {
    **dict.fromkeys(_EXPONENTIAL, "exponential"),
    **dict.fromkeys(_IDENTITY, "identity"),
    "binary": "logistic",
    "cross_entropy": "logistic",
    "cross_entropy_lambda": "softplus",
    "multiclass": "softmax",
    "multiclassova": "logistic",
}


@dataclass(frozen=True)
class Linear:
    """The leaves of a tree whose leaves are linear: value where a column that they use is missing, else constant plus coefficients.

    `coefficients` and `used` are [leaves, columns].
    """

    values: Any
    constants: Any
    coefficients: Any
    used: Any


@dataclass(frozen=True)
class Model:
    """A booster: its objective, sums per row, columns, trees (and their leaves, where these are linear), rounds, categories by column."""

    objective: str
    settings: Mapping[str, str]
    outputs: int
    names: tuple[str, ...]
    trees: tuple[Tree, ...]
    linear: tuple[Linear, ...]
    is_average: bool
    categories: Mapping[int, tuple[Any, ...]]

    @property
    def link(self) -> str:
        """What becomes of a sum: `logistic`, `exponential`, `identity`, `softmax`, `softplus` or `square`."""
        return "square" if "sqrt" in self.settings else _LINKS[self.objective]


def refuse_cut(text: str, name: str) -> None:
    """Raise `ConversionRefused` where the trees end before the file says that they do: LightGBM would predict with what is left."""
    sizes = re.search(r"^tree_sizes=([\d ]*)$", text, re.MULTILINE)
    start = text.find("Tree=0")
    if sizes is None or start < 0:
        return
    wanted = sum(int(size) for size in sizes[1].split())
    if len(text) - start < wanted or "end of trees" not in text[start:]:
        raise ConversionRefused(
            f"{name} ends before its last tree does: it says that they take {wanted} characters, and {len(text) - start} are there",
            "The file was cut off: copy it again, or save it again with save_model.",
        )


def read_classes(text: str) -> tuple[Any, ...] | None:
    """The class labels that were written beside the trees, if they were."""
    found = re.search(rf"^{CLASSES_KEY}:(\[.*\])$", text, re.MULTILINE)
    return None if found is None else tuple(json.loads(found[1]))


def read_model(text: str, pandas_categories: Any) -> Model:
    """Read what LightGBM saves. Raises `ConversionRefused` for an objective whose answers are not known."""
    head, *blocks = re.split(r"^Tree=\d+$", text.partition("\nend of trees")[0], flags=re.MULTILINE)
    header = _pairs(head)
    objective, *settings = header.get("objective", "none").split()
    if objective not in _LINKS:
        raise ConversionRefused(
            f"the model was trained for '{objective}', and what becomes of its sum is not known to this converter",
            f"Train it for one of {', '.join(sorted(_LINKS))}.",
        )
    outputs = int(header["num_tree_per_iteration"])
    columns = int(header["max_feature_idx"]) + 1
    read = [_pairs(block) for block in blocks]
    trees = tuple(_tree_of(tree, number % outputs) for number, tree in enumerate(read))
    is_linear = any(tree.get("is_linear") == "1" for tree in read)
    return Model(
        objective,
        {key: value for key, _, value in (entry.partition(":") for entry in settings)},
        outputs,
        tuple(header["feature_names"].split()),
        trees,
        tuple(_linear_of(tree, columns) for tree in read) if is_linear else (),
        "average_output" in head.split("\n"),
        _categories_of(header, pandas_categories),
    )


def _pairs(lines: str) -> dict[str, str]:
    split = (line.partition("=") for line in lines.split("\n"))
    return {key: value for key, sign, value in split if sign}


def _numbers(text: str, kind: Any = np.float64) -> Any:
    return np.array(text.split(), dtype=np.float64 if kind is np.float64 else kind)


def _tree_of(tree: Mapping[str, str], target: int) -> Tree:
    """Inner nodes first, then leaves; children below zero are leaves, counted from -1."""
    weights = _numbers(tree["leaf_value"])
    inner = len(weights) - 1
    if inner == 0:
        none = np.zeros(1, np.int64)
        return Tree(none + LEAF, none, none, none, none > 0, weights.reshape(1, 1), target)
    decisions = _numbers(tree["decision_type"], np.int64)
    thresholds = _numbers(tree["threshold"])
    missing = (decisions >> 2) & 3
    # A missing value is a zero to splits that know no missing ones.
    missing_left = np.where(missing == _NONE, thresholds >= 0, (decisions & _DEFAULT_LEFT) > 0)
    is_categorical = (decisions & _CATEGORICAL) > 0
    missing_left &= ~is_categorical
    children = [_numbers(tree[side], np.int64) for side in ("left_child", "right_child")]
    left, right = (np.where(child < 0, inner - 1 - child, child) for child in children)
    leaves = np.zeros(len(weights), np.int64)
    steps = dict(_category_steps(tree, thresholds, is_categorical))
    steps |= dict(
        _zero_steps(thresholds, missing_left, (missing == _MISSING_IS_ZERO) & ~is_categorical)
    )
    return Tree(
        np.concatenate([_numbers(tree["split_feature"], np.int64), leaves + LEAF]),
        np.concatenate([_flattened(thresholds), leaves]),
        np.concatenate([left, leaves]),
        np.concatenate([right, leaves]),
        np.concatenate([missing_left, leaves > 0]),
        np.concatenate([np.zeros(inner), weights]).reshape(-1, 1),
        target,
        steps,
    )


def _flattened(thresholds: Any) -> Any:
    """Float32 thresholds for values of which the smallest are zero."""
    rounded = rounded_down(thresholds)
    tiny = np.abs(thresholds) <= ZERO
    below = np.nextafter(-ZERO, np.float32(-np.inf))
    return np.where(tiny, np.where(thresholds >= 0, ZERO, below), rounded)


def _zero_steps(thresholds: Any, default_left: Any, chosen: Any) -> Iterator[tuple[int, Steps]]:
    """Splits where zeros count as missing and go to the other side than their value says."""
    below = float(np.nextafter(-ZERO, np.float32(-np.inf)))
    for node in np.flatnonzero(chosen & (default_left != (thresholds >= 0))).tolist():
        around = (below, float(ZERO))
        borders: tuple[float, ...]
        border = float(_flattened(thresholds[node : node + 1])[0])
        borders = (border, *around) if border < below else (*around, border)
        # A threshold at zero: what lies between it and zero is nothing.
        borders = tuple(b for b in borders if borders.count(b) == 1)
        yield node, Steps(borders, starts_left=True)


def _category_steps(
    tree: Mapping[str, str], thresholds: Any, is_categorical: Any
) -> Iterator[tuple[int, Steps]]:
    """The splits by category: members of the set go left, everything else right. A category is a value's whole part, zero from above -1."""
    if not is_categorical.any():
        return
    bounds = _numbers(tree["cat_boundaries"], np.int64)
    words = _numbers(tree["cat_threshold"], np.uint32)
    for node in np.flatnonzero(is_categorical).tolist():
        place = int(thresholds[node])
        bits = words[bounds[place] : bounds[place + 1]].astype("<u4").view(np.uint8)
        members = np.flatnonzero(np.unpackbits(bits, bitorder="little")).tolist()
        borders = set_steps(members, below=-1.0, closed=True) if members else (-math.inf,)
        yield node, Steps(borders, starts_left=False)


def _linear_of(tree: Mapping[str, str], columns: int) -> Linear:
    values = _numbers(tree["leaf_value"])
    constants = _numbers(tree["leaf_const"]) if "leaf_const" in tree else values
    coefficients = np.zeros((len(values), columns))
    used = np.zeros((len(values), columns), bool)
    if "leaf_features" in tree:
        counts = _numbers(tree["num_features"], np.int64)
        leaves = np.repeat(np.arange(len(values)), counts)
        features = _numbers(tree["leaf_features"], np.int64)
        coefficients[leaves, features] = _numbers(tree["leaf_coeff"])
        used[leaves, features] = True
    return Linear(values, constants, coefficients, used)


def _categories_of(header: Mapping[str, str], pandas_categories: Any) -> dict[int, tuple[Any, ...]]:
    """The categories of a data frame's columns, where the model was trained on one and there is no doubt which they are."""
    infos = header.get("feature_infos", "").split()
    columns = [n for n, info in enumerate(infos) if info != "none" and not info.startswith("[")]
    if not pandas_categories or len(pandas_categories) != len(columns):
        return {}
    return {c: tuple(kept) for c, kept in zip(columns, pandas_categories, strict=True)}
