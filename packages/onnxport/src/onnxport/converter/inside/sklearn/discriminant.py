"""`QuadraticDiscriminantAnalysis` as ONNX nodes: skl2onnx gives its outputs in a wrong shape."""

from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.graph import Graph
from onnxport.converter.inside.sklearn.inner import best_label


def discriminate(scope: Any, operator: Any, container: Any) -> None:
    """By class: how far a row is from the mean, along the axes of the class."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    rows, scores = graph.matrix(), []
    axis = graph.constant(np.array([1], np.int64))
    for mean, rotation, scaling, prior in zip(
        model.means_, model.rotations_, model.scalings_, model.priors_, strict=True
    ):
        centred = graph.add("Sub", rows, graph.numbers(mean[np.newaxis]))
        along = graph.add("MatMul", centred, graph.numbers(rotation * scaling**-0.5))
        distance = graph.add("ReduceSumSquare", along, axis, keepdims=1)
        level = np.log(prior) - 0.5 * np.log(scaling).sum()
        half = graph.add("Mul", distance, graph.numbers(-0.5))
        scores.append(graph.add("Add", half, graph.numbers(level)))
    probabilities = graph.add("Softmax", graph.side_by_side(scores), axis=1)
    graph.give(best_label(graph, probabilities, model.classes_))
    graph.give(probabilities, 1)
