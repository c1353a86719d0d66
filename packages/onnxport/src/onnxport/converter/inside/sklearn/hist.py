"""HistGradientBoosting as ONNX nodes: skl2onnx leaves out the link of Poisson and gamma losses, and writes no regressor in float64."""

from typing import Any

import numpy as np
from onnx import numpy_helper

from onnxport.converter.inside.sklearn.graph import LEARNED, Graph, Precision
from onnxport.converter.inside.sklearn.inner import best_label

RAW = {"zipmap": [True, False], "nocl": [True, False], "raw_scores": [True, False]}
_LOG_LINKS = {"HalfPoissonLoss", "HalfGammaLoss"}


def boost_values(scope: Any, operator: Any, container: Any) -> None:
    """A regressor: the sum of its trees, through the inverse of its loss's link."""
    graph = Graph(scope, operator, container)
    total = _sum_of_trees(graph, operator.raw_operator)
    if type(operator.raw_operator._loss).__name__ in _LOG_LINKS:  # noqa: SLF001
        total = graph.add("Exp", total)
    graph.give(total)


def boost_classes(scope: Any, operator: Any, container: Any) -> None:
    """A classifier: its label, and probabilities or, where asked for, raw scores."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    total = _sum_of_trees(graph, model)
    raw = container.get_options(model, {"raw_scores": False})["raw_scores"]
    if len(model.classes_) > 2:
        scores = total if raw else graph.add("Softmax", total, axis=1)
    elif raw:
        scores = graph.side_by_side([graph.add("Neg", total), total])
    else:
        last = graph.add("Sigmoid", total)
        scores = graph.side_by_side([graph.add("Sub", graph.numbers(1), last), last])
    graph.give(best_label(graph, scores, model.classes_))
    graph.give(scores, 1)


def _sum_of_trees(graph: Graph, model: Any) -> str:
    made = graph.add("TreeEnsembleRegressor", graph.matrix(), domain=LEARNED, **_ensemble(model))
    start = graph.numbers(np.ravel(model._baseline_prediction)[np.newaxis])  # noqa: SLF001
    return graph.add("Add", graph.as_numbers(made), start)


def _ensemble(model: Any) -> dict[str, Any]:
    """The attributes of the trees, one after another; each adds to one target."""
    nodes: dict[str, list[Any]] = {
        name: []
        for name in ("treeids", "nodeids", "featureids", "modes", "truenodeids", "falsenodeids")
    }
    thresholds, missing, leaves = [], [], []
    targets: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": []}
    rounds = model._predictors  # noqa: SLF001
    trees = [(target, tree.nodes) for one in rounds for target, tree in enumerate(one)]
    for number, (target, tree) in enumerate(trees):
        count = len(tree)
        leaf = tree["is_leaf"].astype(bool)
        nodes["treeids"] += [number] * count
        nodes["nodeids"] += range(count)
        nodes["featureids"] += np.where(leaf, 0, tree["feature_idx"]).tolist()
        nodes["modes"] += ["LEAF" if end else "BRANCH_LEQ" for end in leaf]
        nodes["truenodeids"] += np.where(leaf, 0, tree["left"]).tolist()
        nodes["falsenodeids"] += np.where(leaf, 0, tree["right"]).tolist()
        missing += (tree["missing_go_to_left"].astype(bool) & ~leaf).astype(int).tolist()
        thresholds.append(np.where(leaf, 0.0, tree["num_threshold"]))
        ends = np.flatnonzero(leaf)
        targets["treeids"] += [number] * len(ends)
        targets["nodeids"] += ends.tolist()
        targets["ids"] += [target] * len(ends)
        leaves.append(tree["value"][ends])
    suffix, numbers = _numbers(np.concatenate(thresholds), np.concatenate(leaves))
    return {
        "n_targets": int(model.n_trees_per_iteration_),
        **{f"nodes_{name}": listed for name, listed in nodes.items()},
        "nodes_missing_value_tracks_true": missing,
        **{f"target_{name}": listed for name, listed in targets.items()},
        **{name + suffix: values for name, values in numbers.items()},
    }


def _numbers(thresholds: Any, leaves: Any) -> tuple[str, dict[str, Any]]:
    """Thresholds and leaves as attributes in the graph's precision, and what the attributes' names end in."""
    if Precision.double:
        given = {"nodes_values": thresholds, "target_weights": leaves}
        return "_as_tensor", {
            name: numpy_helper.from_array(values.astype(np.float64))
            for name, values in given.items()
        }
    return "", {
        "nodes_values": _rounded_down(thresholds).tolist(),
        "target_weights": leaves.tolist(),
    }


def _rounded_down(values: Any) -> Any:
    """A float32 x is <= t exactly when it is <= the largest float32 that is <= t."""
    nearest = values.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > values, below, nearest)
