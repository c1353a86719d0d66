"""Trees: the side that missing values take, and trees and forests with several labels, which skl2onnx mixes up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType
from skl2onnx.common.tree_ensemble import add_tree_to_attribute_pairs, sklearn_threshold

from onnxport.converter.inside.sklearn.graph import LEARNED, Graph, Precision
from onnxport.converter.inside.sklearn.inner import best_label

_MISSING = "nodes_missing_value_tracks_true"
_WRITER = "add_tree_to_attribute_pairs"


@contextmanager
def sides_of_missing() -> Iterator[None]:
    """Let skl2onnx write to which side of a split missing values go: it leaves that out."""

    def write(
        pairs: dict[str, Any], is_classifier: bool, tree: Any, *rest: Any, **named: Any
    ) -> None:
        add_tree_to_attribute_pairs(pairs, is_classifier, tree, *rest, **named)
        sides = np.asarray(tree.missing_go_to_left).astype(int).tolist()
        pairs[_MISSING][-len(sides) :] = sides

    users = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("skl2onnx.operator_converters") and hasattr(module, _WRITER)
    ]
    for module in users:
        setattr(module, _WRITER, write)
    try:
        yield
    finally:
        for module in users:
            setattr(module, _WRITER, add_tree_to_attribute_pairs)


def several_labels(scope: Any, operator: Any, container: Any) -> None:
    """A tree or forest of several labels: all probabilities from one ensemble, one target for each class of each label."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    trees = [tree.tree_ for tree in getattr(model, "estimators_", [model])]
    classes = model.classes_
    matrix = _probabilities(graph, trees, classes)
    labels, start = [], 0
    axis = graph.constant(np.array([1], np.int64))
    for at, known in enumerate(classes):
        ends = [graph.constant(np.array([end], np.int64)) for end in (start, start + len(known))]
        part = graph.add("Slice", matrix, *ends, axis)
        labels.append(graph.reshape(best_label(graph, part, known), -1, 1))
        graph.give(part, at + 1)
        start += len(known)
    graph.give(graph.side_by_side(labels))


def one_label(scope: Any, operator: Any, container: Any) -> None:
    """A forest of one label: votes are added up before they are divided, so that equal ones stay equal, and the first class wins."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    trees = [tree.tree_ for tree in model.estimators_]
    probabilities = _probabilities(graph, trees, [model.classes_])
    graph.give(best_label(graph, probabilities, model.classes_))
    # Of float32 where the numbers that it gets were rounded to that.
    is_double = isinstance(operator.outputs[1].type, DoubleTensorType)
    graph.give(graph.cast(probabilities, np.float64 if is_double else np.float32), 1)


def _probabilities(graph: Graph, trees: list[Any], classes: Any) -> str:
    """The mean of what the trees say, a column for each class of each label."""
    votes = graph.add(
        "TreeEnsembleRegressor", graph.matrix(), domain=LEARNED, **_ensemble(trees, classes)
    )
    return graph.add("Div", graph.as_numbers(votes), graph.numbers(len(trees)))


def parse_labels(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """A tree or forest of several labels gives them and the probabilities of each; others are classifiers like all."""
    from skl2onnx._parse import _parse_sklearn_classifier

    from onnxport.converter.inside.sklearn.meta import label_type

    if not isinstance(model.classes_, list):
        return _parse_sklearn_classifier(scope, model, inputs, custom_parsers)
    operator = scope.declare_local_operator("OnnxportTreesOfLabels", model)
    operator.inputs = inputs
    labels = label_type(model.classes_[0], len(model.classes_))
    operator.outputs.append(scope.declare_local_variable("label", labels))
    for known in model.classes_:
        kind = Precision.tensor(len(known))
        operator.outputs.append(scope.declare_local_variable("probabilities", kind))
    return operator.outputs


def nodes_of(trees: list[Any], features: Any = None) -> dict[str, Any]:
    """The splits of trees, one after another, as attributes; `features` are the columns that each tree sees, where it is not all."""
    names = ("treeids", "nodeids", "featureids", "modes", "truenodeids", "falsenodeids")
    nodes: dict[str, list[Any]] = {name: [] for name in names}
    values: list[float] = []
    missing: list[int] = []
    dtype = Precision.dtype()
    for number, tree in enumerate(trees):
        count = tree.node_count
        leaf = tree.children_left == tree.children_right
        columns = np.where(leaf, 0, tree.feature)
        nodes["treeids"] += [number] * count
        nodes["nodeids"] += range(count)
        nodes["featureids"] += (columns if features is None else features[number][columns]).tolist()
        nodes["modes"] += ["LEAF" if end else "BRANCH_LEQ" for end in leaf]
        values += [
            0.0 if end else sklearn_threshold(at, dtype.type, "BRANCH_LEQ")
            for end, at in zip(leaf, tree.threshold, strict=True)
        ]
        nodes["truenodeids"] += np.where(leaf, 0, tree.children_left).tolist()
        nodes["falsenodeids"] += np.where(leaf, 0, tree.children_right).tolist()
        missing += np.asarray(tree.missing_go_to_left).astype(int).tolist()
    return {
        **{f"nodes_{name}": listed for name, listed in nodes.items()},
        **numbers_of({"nodes_values": values}),
        _MISSING: missing,
    }


def numbers_of(listed: dict[str, list[float]]) -> dict[str, Any]:
    """Attributes that hold numbers, in the graph's precision and under the name that this has."""
    suffix = "_as_tensor" if Precision.double else ""
    return {name + suffix: _as_attribute(values) for name, values in listed.items()}


def _ensemble(trees: list[Any], classes: Any) -> dict[str, Any]:
    targets: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(trees):
        leaves = np.flatnonzero(tree.children_left == tree.children_right)
        _add_leaves(targets, number, tree, leaves, classes)
    weights = targets.pop("weights")
    return {
        "n_targets": sum(len(known) for known in classes),
        **nodes_of(trees),
        **{f"target_{name}": listed for name, listed in targets.items()},
        **numbers_of({"target_weights": weights}),
    }


def _add_leaves(
    targets: dict[str, list[Any]], number: int, tree: Any, leaves: Any, classes: Any
) -> None:
    for leaf in leaves.tolist():
        at = 0
        for label, known in enumerate(classes):
            votes = tree.value[leaf, label, : len(known)]
            for share in (votes / (votes.sum() or 1.0)).tolist():
                if share:
                    targets["treeids"].append(number)
                    targets["nodeids"].append(leaf)
                    targets["ids"].append(at)
                    targets["weights"].append(share)
                at += 1


def _as_attribute(values: list[float]) -> Any:
    if not Precision.double:
        return values
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(values, np.float64))
