"""Clusters, centres and outliers as ONNX nodes: what skl2onnx does not know of them."""

from typing import Any

import numpy as np
from skl2onnx.common.data_types import Int64TensorType
from sklearn.base import BaseEstimator, TransformerMixin

from onnxport.converter.inside.sklearn.distances import distances
from onnxport.converter.inside.sklearn.graph import LEARNED, Graph, Precision
from onnxport.converter.inside.sklearn.inner import best_label
from onnxport.converter.inside.sklearn.trees import nodes_of, numbers_of

_CLUSTERS = {"BisectingKMeans", "KMeans", "MiniBatchKMeans"}
_OUTLIERS = {"EllipticEnvelope": "Ellipse", "IsolationForest": "Isolation"}
_AXIS = np.array([1], np.int64)


class Distances(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """How far rows are from points."""

    def __init__(self, points: Any) -> None:
        self.points = points


def as_distances(step: Any) -> Any:
    """What a clustering does as a step of a pipeline; anything else as it is."""
    return Distances(step.cluster_centers_) if type(step).__name__ in _CLUSTERS else step


def measure(scope: Any, operator: Any, container: Any) -> None:
    """`Distances` as ONNX nodes."""
    graph = Graph(scope, operator, container)
    points = operator.raw_operator.points
    graph.give(distances(graph, graph.matrix(), points, "euclidean"))


def set_measured_shape(operator: Any) -> None:
    """A column for each point."""
    operator.outputs[0].type = Precision.tensor(len(operator.raw_operator.points))


def nearest_cluster(scope: Any, operator: Any, container: Any) -> None:
    """The cluster of the nearest centre. On a centre skl2onnx takes the root of what is less than zero."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    points, labels = _centres(model)
    far = distances(graph, graph.matrix(), points, "euclidean")
    place = graph.add("ArgMin", far, axis=1, keepdims=0)
    graph.give(graph.add("Gather", graph.constant(labels.astype(np.int64)), place))
    if len(operator.outputs) > 1:
        graph.give(far, 1)


def parse_clusters(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """The cluster, and where the model tells them the distances to the centres."""
    operator = scope.declare_local_operator("OnnxportClusters", model)
    operator.inputs = inputs
    label = scope.declare_local_variable("label", Int64TensorType([None]))
    operator.outputs.append(label)
    if hasattr(model, "transform"):
        kind = Precision.tensor(len(_centres(model)[0]))
        operator.outputs.append(scope.declare_local_variable("scores", kind))
    return operator.outputs


def _centres(model: Any) -> tuple[Any, Any]:
    if hasattr(model, "subcluster_centers_"):
        return model.subcluster_centers_, model.subcluster_labels_
    points = model.cluster_centers_
    return points, np.arange(len(points))


def nearest_centroid(scope: Any, operator: Any, container: Any) -> None:
    """`NearestCentroid`: by distance alone, or where priors differ by discriminant scores."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    rows = graph.matrix()
    scaled = _discriminants(graph, model, rows)
    even = np.isclose(getattr(model, "class_prior_", 1.0), 1 / len(model.classes_)).all()
    if even or not hasattr(model, "class_prior_"):
        far = distances(graph, rows, model.centroids_, model.metric)
        graph.give(best_label(graph, graph.add("Neg", far), model.classes_))
    else:
        graph.give(best_label(graph, scaled, model.classes_))
    graph.give(graph.add("Softmax", scaled, axis=1), 1)


def _discriminants(graph: Graph, model: Any, rows: str) -> str:
    deviation = getattr(model, "within_class_std_dev_", np.ones(model.n_features_in_))
    width = np.where(deviation == 0, 1.0, deviation)
    scaled = graph.add("Div", rows, graph.numbers(width[np.newaxis]))
    far = distances(graph, scaled, model.centroids_ / width, model.metric)
    square = graph.add("Mul", far, far)
    level = 2 * np.log(getattr(model, "class_prior_", np.ones(len(model.classes_))))
    return graph.add("Sub", graph.numbers(level[np.newaxis]), square)


def in_ellipse(scope: Any, operator: Any, container: Any) -> None:
    """`EllipticEnvelope`: the squared distance from the middle, in its own measure."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    centred = graph.add("Sub", graph.matrix(), graph.numbers(model.location_[np.newaxis]))
    turned = graph.add("MatMul", centred, graph.numbers(model.get_precision()))
    parts = graph.add("Mul", turned, centred)
    far = graph.add("ReduceSum", parts, graph.constant(_AXIS), keepdims=1)
    scores = graph.add("Sub", graph.numbers(-model.offset_), far)
    _give_outliers(graph, scores)


def isolate(scope: Any, operator: Any, container: Any) -> None:
    """`IsolationForest`: how many splits a row takes in all trees."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    trees = [tree.tree_ for tree in model.estimators_]
    nodes = nodes_of(trees, model.estimators_features_)
    targets: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": []}
    weights: list[float] = []
    lengths = zip(model._decision_path_lengths, model._average_path_length_per_tree, strict=True)  # noqa: SLF001
    for number, (tree, (path, rest)) in enumerate(zip(trees, lengths, strict=True)):
        leaves = np.flatnonzero(tree.children_left == tree.children_right)
        targets["treeids"] += [number] * len(leaves)
        targets["nodeids"] += leaves.tolist()
        targets["ids"] += [0] * len(leaves)
        weights += (path[leaves] + rest[leaves] - 1.0).tolist()
    attributes = {
        **nodes,
        **{f"target_{name}": values for name, values in targets.items()},
        **numbers_of({"target_weights": weights}),
        "n_targets": 1,
    }
    depth = graph.add("TreeEnsembleRegressor", graph.matrix(), domain=LEARNED, **attributes)
    count = len(trees) * _path_length(model._max_samples)  # noqa: SLF001
    share = graph.add("Mul", graph.as_numbers(depth), graph.numbers(-np.log(2) / count))
    score = graph.add("Neg", graph.add("Exp", share))
    _give_outliers(graph, graph.add("Sub", score, graph.numbers(model.offset_)))


def _path_length(rows: float) -> float:
    """How many splits it takes in the mean to find one among so many rows."""
    if rows <= 2:
        return float(rows > 1)
    return float(2 * (np.log(rows - 1) + np.euler_gamma) - 2 * (rows - 1) / rows)


def parse_outliers(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """1 or -1, and the score that says so."""
    operator = scope.declare_local_operator(f"Onnxport{_OUTLIERS[type(model).__name__]}", model)
    operator.inputs = inputs
    label = scope.declare_local_variable("label", Int64TensorType([None]))
    scores = scope.declare_local_variable("scores", Precision.tensor(1))
    operator.outputs.extend([label, scores])
    return operator.outputs


def _give_outliers(graph: Graph, scores: str) -> None:
    inside = graph.add("GreaterOrEqual", scores, graph.numbers(0))
    place = graph.reshape(graph.cast(inside, np.int64), -1)
    graph.give(graph.add("Gather", graph.constant(np.array([-1, 1])), place))
    graph.give(scores, 1)
