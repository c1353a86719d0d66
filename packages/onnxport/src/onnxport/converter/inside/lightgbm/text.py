"""LightGBM's text of a model, read: trees, what becomes of their sum, and what its owner wrote beside it.

Source: `Tree::ToString`, `Tree::NumericalDecision`, `Tree::CategoricalDecision` and `GBDT::Predict` of LightGBM 4.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxport.converter.inside.trees.forest import LEAF, Steps, Tree, rounded_down, set_steps
from onnxport.converter.interface import ConversionRefused

CLASSES_KEY = "onnxport_classes"
"""A line that holds an estimator's class labels, which LightGBM's text has no place for."""
ZERO = np.float32(1e-35)
"""What is this small counts as zero."""
_NO_BORDER, _WHOLE_IN_FLOAT32 = 1e300, 1 << 24
_NEARLY = 1e-6
_ROUNDINGS_PER_GAP = 1000
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
    """A booster: its objective, sums per row, columns, trees (and their leaves, where these are linear), rounds, categories by column.

    Thresholds are for inputs of float64 where `is_double`, else of float32.
    """

    objective: str
    settings: Mapping[str, str]
    outputs: int
    names: tuple[str, ...]
    trees: tuple[Tree, ...]
    linear: tuple[Linear, ...]
    is_average: bool
    categories: Mapping[int, tuple[Any, ...]]
    is_double: bool = False

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


def read_model(text: str, pandas_categories: Any, *, double: bool = False) -> Model:
    """Read what LightGBM saves, for inputs of float64 where asked or where its thresholds hang on digits that float32 does not hold.

    Raises `ConversionRefused` for an objective whose answers are not known.
    """
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
    double = double or _hangs_on_digits(read, columns)
    kind = np.float64 if double else np.float32
    trees = tuple(_tree_of(tree, number % outputs, kind) for number, tree in enumerate(read))
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
        double,
    )


def _hangs_on_digits(trees: Sequence[Mapping[str, str]], columns: int) -> bool:
    """Whether the thresholds of a column lie so close, or so far out, that rounding to float32 moves numbers to their other side."""
    found: list[list[Any]] = [[] for _ in range(columns)]
    for tree in trees:
        if "decision_type" in tree:
            is_number = (_numbers(tree["decision_type"], np.int64) & _CATEGORICAL) == 0
            features = _numbers(tree["split_feature"], np.int64)[is_number]
            thresholds = _numbers(tree["threshold"])[is_number]
            for column in np.unique(features).tolist():
                found[column].append(thresholds[features == column])
    return any(_is_fine(np.unique(np.concatenate(parts))) for parts in found if parts)


def _is_fine(thresholds: Any) -> bool:
    thresholds = thresholds[np.abs(thresholds) < _NO_BORDER]
    if np.any(np.abs(thresholds) >= _WHOLE_IN_FLOAT32):
        return True
    # Between two whole numbers, which float32 holds.
    between = np.abs(2 * thresholds - np.rint(2 * thresholds)) < _NEARLY
    gaps = np.diff(thresholds)
    gap = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    rounding = np.spacing(np.abs(thresholds).astype(np.float32))
    return bool(np.any(~between & (rounding * _ROUNDINGS_PER_GAP > gap)))


def _pairs(lines: str) -> dict[str, str]:
    split = (line.partition("=") for line in lines.split("\n"))
    return {key: value for key, sign, value in split if sign}


def _numbers(text: str, kind: Any = np.float64) -> Any:
    return np.array(text.split(), dtype=np.float64 if kind is np.float64 else kind)


def _tree_of(tree: Mapping[str, str], target: int, kind: Any) -> Tree:
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
    steps = dict(_category_steps(tree, thresholds, is_categorical, kind))
    steps |= dict(
        _zero_steps(thresholds, missing_left, (missing == _MISSING_IS_ZERO) & ~is_categorical, kind)
    )
    return Tree(
        np.concatenate([_numbers(tree["split_feature"], np.int64), leaves + LEAF]),
        np.concatenate([_flattened(thresholds, kind), leaves]),
        np.concatenate([left, leaves]),
        np.concatenate([right, leaves]),
        np.concatenate([missing_left, leaves > 0]),
        np.concatenate([np.zeros(inner), weights]).reshape(-1, 1),
        target,
        steps,
    )


def _flattened(thresholds: Any, kind: Any) -> Any:
    """Thresholds for values of this type, of which the smallest are zero."""
    rounded = rounded_down(thresholds) if kind is np.float32 else thresholds
    tiny = np.abs(thresholds) <= ZERO
    below = np.nextafter(-kind(ZERO), kind(-np.inf))
    return np.where(tiny, np.where(thresholds >= 0, kind(ZERO), below), rounded)


def _zero_steps(
    thresholds: Any, default_left: Any, chosen: Any, kind: Any
) -> Iterator[tuple[int, Steps]]:
    """Splits where zeros count as missing and go to the other side than their value says."""
    below = float(np.nextafter(-kind(ZERO), kind(-np.inf)))
    for node in np.flatnonzero(chosen & (default_left != (thresholds >= 0))).tolist():
        around = (below, float(ZERO))
        borders: tuple[float, ...]
        border = float(_flattened(thresholds[node : node + 1], kind)[0])
        borders = (border, *around) if border < below else (*around, border)
        # A threshold at zero: what lies between it and zero is nothing.
        borders = tuple(b for b in borders if borders.count(b) == 1)
        yield node, Steps(borders, starts_left=True)


def _category_steps(
    tree: Mapping[str, str], thresholds: Any, is_categorical: Any, kind: Any
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
        borders: tuple[float, ...] = (-math.inf,)
        if members:
            borders = set_steps(members, below=-1.0, closed=True, dtype=kind)
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
