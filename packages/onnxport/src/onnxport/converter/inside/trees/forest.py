"""Decision trees as one `TreeEnsembleRegressor` of ai.onnx.ml 3 (https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from onnxport.converter.inside.trees.graph import Graph
from onnxport.converter.interface import ConversionRefused

LEAF = -1


@dataclass(frozen=True)
class Steps:
    """A split that changes sides more than once along its column: at each of the rising `borders`, beginning on the left or right.

    So categories are written (a set of whole numbers is a set of intervals), and zeros that count as missing.
    """

    borders: tuple[float, ...]
    starts_left: bool


@dataclass(frozen=True)
class Tree:
    """One tree, node by node; node 0 is its root.

    `feature` is the column, `LEAF` for a leaf; what is at most (or less than, as the forest says) `threshold` goes left, missing values
    where `missing_left` says. `weights` [nodes, width] are the leaves' values for outputs `target`, `target + 1`, ... A node in `steps`
    splits so instead of by its threshold.
    """

    feature: Any
    threshold: Any
    left: Any
    right: Any
    missing_left: Any
    weights: Any
    target: int = 0
    steps: Mapping[int, Steps] = field(default_factory=dict)


def set_steps(
    members: Sequence[int], *, below: float, closed: bool, dtype: Any = np.float32
) -> tuple[float, ...]:
    """The borders of a set of whole numbers, of which `x` (of `dtype`) is a member by its whole part; it starts outside.

    `below` is where the interval of 0 begins: the largest number outside for `closed` borders (`x <= border`), else the smallest inside.
    """
    ordered = np.unique(np.asarray(members, np.int64))
    breaks = np.flatnonzero(np.diff(ordered) > 1)
    starts = ordered[np.concatenate([[0], breaks + 1])].astype(dtype)
    ends = ordered[np.concatenate([breaks, [len(ordered) - 1]])].astype(dtype) + 1
    borders = np.stack([starts, ends], axis=1).reshape(-1)
    if closed:
        borders = np.nextafter(borders, dtype(-np.inf))
    if ordered[0] == 0:
        borders[0] = below
    return tuple(float(border) for border in borders)


def rounded_down(thresholds: Any) -> Any:
    """The largest float32 at most each float64: a float32 is at most one of them exactly when it is at most the other."""
    with np.errstate(over="ignore"):
        nearest = np.asarray(thresholds, np.float64).astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > thresholds, below, nearest)


def known_values(trees: Sequence[Tree], columns: int) -> list[list[float]]:
    """Per column, the thresholds of its splits."""
    found: list[list[float]] = [[] for _ in range(columns)]
    for tree in trees:
        for node in np.flatnonzero(tree.feature != LEAF).tolist():
            steps = tree.steps.get(node)
            values = steps.borders if steps else (float(tree.threshold[node]),)
            found[int(tree.feature[node])].extend(values)
    return found


def write_forest(
    graph: Graph,
    trees: Sequence[Tree],
    base: Any,
    tensor: str,
    *,
    less: bool = False,
    double: bool = False,
) -> str:
    """Add the sum of all trees and `base` [targets] to the graph; return the float32 tensor [batch, targets].

    Trees of one leaf are added to the base. `less` takes `x < threshold` for left instead of `x <= threshold`; `double` adds up in float64.
    """
    base = np.array(base, np.float64)
    grown = []
    for tree in trees:
        if tree.feature[0] == LEAF:
            width = tree.weights.shape[1]
            base[tree.target : tree.target + width] += tree.weights[0]
        else:
            grown.append(tree)
    if not grown:
        raise ConversionRefused(
            "none of the model's trees has a split: it predicts the same whatever it is given",
            "Train it longer, or on columns that tell something.",
        )
    columns = _Columns.of([_unfolded(tree) for tree in grown])
    if double and not graph.is_double:
        tensor = graph.add("Cast", tensor, to=TensorProto.DOUBLE)
    return graph.add_trees(tensor, list(_attributes(columns, base, less, double)))


def _unfolded(tree: Tree) -> Tree:
    """The tree with each split of several steps as a row of plain nodes.

    ONNX Runtime lets several nodes share a child only where it is the side of what is true, so the row goes on at the other side.
    """
    if not tree.steps:
        return tree
    made = {
        name: getattr(tree, name).tolist()
        for name in ("feature", "threshold", "left", "right", "missing_left")
    }
    for node, steps in tree.steps.items():
        sides = (made["left"][node], made["right"][node])
        missing_left = made["missing_left"][node]
        for position, border in enumerate(steps.borders):
            is_left = steps.starts_left == (position % 2 == 0)
            last = position == len(steps.borders) - 1
            current = node if position == 0 else len(made["feature"]) - 1
            made["threshold"][current] = border
            made["left"][current] = sides[0 if is_left else 1]
            made["missing_left"][current] = is_left == missing_left
            made["right"][current] = sides[1 if is_left else 0] if last else len(made["feature"])
            if not last:
                for name in made:
                    made[name].append(made[name][current])
    added = len(made["feature"]) - len(tree.feature)
    weights = np.concatenate([tree.weights, np.zeros((added, tree.weights.shape[1]))])
    arrays: dict[str, Any] = {name: np.asarray(values) for name, values in made.items()}
    return replace(tree, **arrays, weights=weights, steps={})


@dataclass(frozen=True)
class _Columns:
    """All nodes of all trees, one under the other; and all leaves."""

    tree: Any
    node: Any
    feature: Any
    threshold: Any
    left: Any
    right: Any
    missing_left: Any
    leaf_tree: Any
    leaf_node: Any
    leaf_target: Any
    leaf_weight: Any

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> "_Columns":
        nodes = [len(tree.feature) for tree in trees]
        leaves = [_leaves_of(number, tree) for number, tree in enumerate(trees)]
        return cls(
            np.repeat(np.arange(len(trees)), nodes),
            np.concatenate([np.arange(count) for count in nodes]),
            *(
                np.concatenate([np.asarray(getattr(tree, name)) for tree in trees])
                for name in ("feature", "threshold", "left", "right", "missing_left")
            ),
            *(np.concatenate(parts) for parts in zip(*leaves, strict=True)),
        )


def _leaves_of(number: int, tree: Tree) -> tuple[Any, Any, Any, Any]:
    leaves = np.flatnonzero(np.asarray(tree.feature) == LEAF)
    width = tree.weights.shape[1]
    targets = np.tile(np.arange(tree.target, tree.target + width), len(leaves))
    weights = tree.weights[leaves].reshape(-1)
    return np.full(len(targets), number), np.repeat(leaves, width), targets, weights


def _attributes(columns: _Columns, base: Any, less: bool, double: bool) -> Iterator[Any]:
    is_leaf = columns.feature == LEAF
    inner = ~is_leaf
    yield _integers("nodes_treeids", columns.tree)
    yield _integers("nodes_nodeids", columns.node)
    yield _integers("nodes_featureids", np.where(is_leaf, 0, columns.feature))
    yield _integers("nodes_truenodeids", np.where(is_leaf, 0, columns.left))
    yield _integers("nodes_falsenodeids", np.where(is_leaf, 0, columns.right))
    yield _integers("nodes_missing_value_tracks_true", columns.missing_left & inner)
    mode = b"BRANCH_LT" if less else b"BRANCH_LEQ"
    modes = AttributeProto(name="nodes_modes", type=AttributeProto.STRINGS)
    modes.strings.extend(np.where(is_leaf, b"LEAF", mode).tolist())
    yield modes
    yield _integers("target_treeids", columns.leaf_tree)
    yield _integers("target_nodeids", columns.leaf_node)
    yield _integers("target_ids", columns.leaf_target)
    yield helper.make_attribute("n_targets", len(base))
    yield helper.make_attribute("aggregate_function", "SUM")
    yield helper.make_attribute("post_transform", "NONE")
    numbers = _doubles if double else _floats
    yield numbers("nodes_values", np.where(is_leaf, 0.0, columns.threshold))
    yield numbers("target_weights", columns.leaf_weight)
    yield numbers("base_values", base)


def _integers(name: str, values: Any) -> Any:
    made = AttributeProto(name=name, type=AttributeProto.INTS)
    made.ints.extend(values.astype(np.int64).tolist())
    return made


def _floats(name: str, values: Any) -> Any:
    made = AttributeProto(name=name, type=AttributeProto.FLOATS)
    made.floats.extend(values.astype(np.float32).tolist())
    return made


def _doubles(name: str, values: Any) -> Any:
    tensor = numpy_helper.from_array(values.astype(np.float64), f"{name}_as_tensor")
    return helper.make_attribute(f"{name}_as_tensor", tensor)
