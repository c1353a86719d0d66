"""Reading what XGBoost saves: trees, weights, and what becomes of their sum.

Source: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxport.converter.inside.trees.forest import LEAF, Steps, Tree, set_steps
from onnxport.converter.inside.xgboost.categories import kept_categories
from onnxport.converter.interface import ConversionRefused

# What the objective makes of the sum. Source: PredTransform in XGBoost's src/objective.
_LOGISTIC = {"binary:logistic", "reg:logistic"}
_EXPONENTIAL = {"count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"}
_IDENTITY = {
    "binary:logitraw",
    "rank:map",
    "rank:ndcg",
    "rank:pairwise",
    "reg:absoluteerror",
    "reg:expectileerror",
    "reg:linear",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "reg:squarederror",
    "reg:squaredlogerror",
}
_MANY_CLASSES = {"multi:softmax", "multi:softprob"}
_LINKS = {
    **dict.fromkeys(_LOGISTIC, "logistic"),
    **dict.fromkeys(_EXPONENTIAL, "exponential"),
    **dict.fromkeys(_IDENTITY, "identity"),
    **dict.fromkeys(_MANY_CLASSES, "softmax"),
    "binary:hinge": "hinge",
}


@dataclass(frozen=True)
class Learner:
    """A booster: its objective, the sum's start per output, its columns, and trees or, for a linear one, weights [columns + 1, outputs].

    `classes` are the names of classes where an estimator of XGBoost before 1.6 was given others than 0, 1, 2, ...
    """

    objective: str
    base: Any
    columns: int
    names: tuple[str, ...]
    trees: tuple[Tree, ...]
    weights: Any
    attributes: Mapping[str, str]
    rounds: int
    categories: Mapping[int, tuple[Any, ...]]
    classes: tuple[Any, ...] | None = None

    @property
    def link(self) -> str:
        """What becomes of the sum: `logistic`, `exponential`, `identity`, `softmax` or `hinge`."""
        return _LINKS[self.objective]


def read_learner(booster: Any) -> Learner:
    """Read a booster. Raises `ConversionRefused` for an objective whose answers are not known."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    objective = learner["objective"]["name"]
    if objective not in _LINKS:
        raise ConversionRefused(
            f"the model was trained for '{objective}', and what becomes of its sum is not known to this converter",
            f"Train it for one of {', '.join(sorted(_LINKS))}.",
        )
    parameters = learner["learner_model_param"]
    outputs = max(int(parameters["num_class"]), int(parameters.get("num_target", 1)), 1)
    columns = int(parameters["num_feature"])
    grown = learner["gradient_booster"]
    base = _base_of(parameters["base_score"], _LINKS[objective], outputs)
    trees: tuple[Tree, ...] = ()
    weights = None
    if grown["name"] == "gblinear":
        # XGBoost's linear booster starts every output where the first one starts.
        base = np.full(outputs, base[0])
        weights = np.asarray(grown["model"]["weights"], np.float64).reshape(columns + 1, outputs)
        rounds = int(grown["model"].get("boosted_rounds", 0))
    else:
        trees = _trees_of(grown)
        rounds = booster.num_boosted_rounds()
    return Learner(
        objective,
        base,
        columns,
        tuple(learner.get("feature_names", ())),
        trees,
        weights,
        learner.get("attributes", {}),
        rounds,
        kept_categories(grown),
    )


def _base_of(written: str, link: str, outputs: int) -> Any:
    """The sum's start: the written score is in units of the answer. Source: ProbToMargin in XGBoost's src/objective."""
    scores = np.atleast_1d(np.asarray(json.loads(written), np.float64))
    with np.errstate(divide="ignore"):
        # A class that is always there, or never, starts at infinity.
        if link == "logistic":
            scores = -np.log(1.0 / scores - 1.0)
        elif link == "exponential":
            scores = np.log(scores)
    return np.broadcast_to(scores, (outputs,)).copy()


def _trees_of(grown: Mapping[str, Any]) -> tuple[Tree, ...]:
    model = grown["gbtree"]["model"] if grown["name"] == "dart" else grown["model"]
    factors = grown.get("weight_drop", [1.0] * len(model["trees"]))
    return tuple(
        _tree_of(tree, int(target), np.float32(factor))
        for tree, target, factor in zip(model["trees"], model["tree_info"], factors, strict=True)
    )


def _tree_of(tree: Mapping[str, Any], target: int, factor: Any) -> Tree:
    left = np.asarray(tree["left_children"], np.int64)
    right = np.asarray(tree["right_children"], np.int64)
    thresholds = np.asarray(tree["split_conditions"], np.float64).astype(np.float32)
    is_leaf = left == LEAF
    feature = np.where(is_leaf, LEAF, np.asarray(tree["split_indices"], np.int64))
    weights = _weights_of(tree, is_leaf, right, thresholds) * factor
    return Tree(
        feature,
        thresholds,
        left,
        right,
        np.asarray(tree["default_left"], bool),
        weights,
        target,
        _steps_of(tree),
    )


def _weights_of(tree: Mapping[str, Any], is_leaf: Any, right: Any, thresholds: Any) -> Any:
    """Float32 [nodes, width]: a leaf's value stands in place of its threshold; several stand apart, where its right child says."""
    width = int(tree["tree_param"].get("size_leaf_vector", 1))
    if width <= 1:
        return thresholds.reshape(-1, 1)
    if "leaf_weights" not in tree:
        return np.asarray(tree["base_weights"], np.float32).reshape(-1, width)
    weights = np.zeros((len(is_leaf), width), np.float32)
    values = np.asarray(tree["leaf_weights"], np.float32).reshape(-1, width)
    weights[is_leaf] = values[right[is_leaf]]
    return weights


def _steps_of(tree: Mapping[str, Any]) -> dict[int, Steps]:
    """The splits by category: members of the set go right, everything else (unseen, negative) left."""
    steps = {}
    nodes, starts, sizes = (
        tree.get(f"categories_{name}", ()) for name in ("nodes", "segments", "sizes")
    )
    for node, start, size in zip(nodes, starts, sizes, strict=True):
        members = tree["categories"][start : start + size]
        steps[int(node)] = Steps(set_steps(members, below=0.0, closed=False), starts_left=True)
    return steps
