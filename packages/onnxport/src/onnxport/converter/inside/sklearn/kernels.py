"""Models of kernels as ONNX nodes: kernel ridge, Gaussian processes, Nystroem, and labels that spread."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.distances import distances, kernel, nearest
from onnxport.converter.inside.sklearn.graph import Graph
from onnxport.converter.inside.sklearn.inner import best_label
from onnxport.converter.interface import ConversionRefused

_AXIS = np.array([1], np.int64)


def ridge(scope: Any, operator: Any, container: Any) -> None:
    """`KernelRidge`."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    near = kernel(graph, model, graph.matrix(), model.X_fit_)
    weights = np.asarray(model.dual_coef_).reshape(len(model.dual_coef_), -1)
    graph.give(graph.add("MatMul", near, graph.numbers(weights)))


def nystroem(scope: Any, operator: Any, container: Any) -> None:
    """`Nystroem`."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    near = kernel(graph, step, graph.matrix(), step.components_)
    graph.give(graph.add("MatMul", near, graph.numbers(step.normalization_.T)))


def fourier(scope: Any, operator: Any, container: Any) -> None:
    """`RBFSampler`."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    turned = graph.add("MatMul", graph.matrix(), graph.numbers(step.random_weights_))
    shifted = graph.add("Add", turned, graph.numbers(step.random_offset_[np.newaxis]))
    size = np.sqrt(2 / step.n_components)
    graph.give(graph.add("Mul", graph.add("Cos", shifted), graph.numbers(size)))


def hidden_units(scope: Any, operator: Any, container: Any) -> None:
    """`BernoulliRBM`: how likely each hidden unit is on."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    turned = graph.add("MatMul", graph.matrix(), graph.numbers(step.components_.T))
    shift = graph.numbers(step.intercept_hidden_[np.newaxis])
    graph.give(graph.add("Sigmoid", graph.add("Add", turned, shift)))


def spread_labels(scope: Any, operator: Any, container: Any) -> None:
    """`LabelPropagation` and `LabelSpreading`: what the rows known to be near are."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    if model.kernel == "rbf":
        near = kernel(graph, model, graph.matrix(), model.X_)
        total = graph.add("MatMul", near, graph.numbers(model.label_distributions_))
    elif model.kernel == "knn":
        far = distances(graph, graph.matrix(), model.X_, "euclidean")
        _, places = nearest(graph, far, model.n_neighbors)
        given = graph.add("Gather", graph.numbers(model.label_distributions_), places)
        total = graph.add("ReduceSum", given, graph.constant(_AXIS), keepdims=0)
    else:
        raise ConversionRefused(
            f"the {type(model).__name__} has a kernel of its own, which cannot be converted",
            "Fit it with kernel='rbf' or 'knn'.",
        )
    sum_ = graph.add("ReduceSum", total, graph.constant(_AXIS), keepdims=1)
    shares = graph.add("Div", total, sum_)
    graph.give(best_label(graph, shares, model.classes_))
    graph.give(shares, 1)


def gaussian_regression(scope: Any, operator: Any, container: Any) -> None:
    """The mean of a `GaussianProcessRegressor`."""
    graph = Graph(scope, operator, container)
    model = operator.raw_operator
    near = _covariance(graph, model.kernel_, graph.matrix(), model.X_train_)
    alpha = np.asarray(model.alpha_).reshape(len(model.alpha_), -1)
    mean = graph.add("MatMul", near, graph.numbers(alpha * np.reshape(model._y_train_std, (1, -1))))  # noqa: SLF001
    shift = np.reshape(model._y_train_mean, (1, -1))  # noqa: SLF001
    graph.give(graph.add("Add", mean, graph.numbers(shift)))


def _covariance(graph: Graph, kernel: Any, rows: str, points: Any) -> str:
    """A kernel of a Gaussian process between rows and points that are not the same."""
    name = type(kernel).__name__
    if name in _JOINED:
        pair = [_covariance(graph, k, rows, points) for k in (kernel.k1, kernel.k2)]
        return graph.add(_JOINED[name], *pair)
    if name == "Exponentiation":
        base = _covariance(graph, kernel.kernel, rows, points)
        return graph.add("Pow", base, graph.numbers(kernel.exponent))
    if name not in _COVARIANCES:
        raise ConversionRefused(
            f"the kernel {name} of a Gaussian process cannot be converted",
            f"Use kernels among: {', '.join([*_COVARIANCES, *_JOINED, 'Exponentiation'])}.",
        )
    return _COVARIANCES[name](graph, kernel, rows, points)


def _level(value: Callable[[Any], float]) -> Callable[..., str]:
    """The same between all rows and points."""

    def write(graph: Graph, kernel: Any, rows: str, points: Any) -> str:
        zeros = graph.add("MatMul", rows, graph.numbers(np.zeros(np.shape(points)[::-1])))
        return graph.add("Add", zeros, graph.numbers(value(kernel)))

    return write


def _far(graph: Graph, kernel: Any, rows: str, points: Any, metric: str) -> str:
    """Distances in lengths of the kernel."""
    scale = np.broadcast_to(np.asarray(kernel.length_scale, float), np.shape(points)[1:])
    scaled = graph.add("Div", rows, graph.numbers(scale[np.newaxis]))
    return distances(graph, scaled, points / scale, metric)


def _rbf(graph: Graph, kernel: Any, rows: str, points: Any) -> str:
    far = _far(graph, kernel, rows, points, "sqeuclidean")
    return graph.add("Exp", graph.add("Mul", far, graph.numbers(-0.5)))


def _matern(graph: Graph, kernel: Any, rows: str, points: Any) -> str:
    if kernel.nu == np.inf:
        return _rbf(graph, kernel, rows, points)
    if kernel.nu not in (0.5, 1.5, 2.5):
        raise ConversionRefused(
            f"the kernel Matern with nu={kernel.nu} needs a Bessel function, which ONNX does not have",
            "Fit with nu=0.5, 1.5, 2.5 or inf.",
        )
    far = _far(graph, kernel, rows, points, "euclidean")
    scaled = graph.add("Mul", far, graph.numbers(np.sqrt(2 * kernel.nu)))
    factor = graph.add("Add", scaled, graph.numbers(1))
    if kernel.nu == 2.5:
        square = graph.add("Mul", graph.add("Mul", scaled, scaled), graph.numbers(1 / 3))
        factor = graph.add("Add", factor, square)
    falling = graph.add("Exp", graph.add("Neg", scaled))
    return falling if kernel.nu == 0.5 else graph.add("Mul", factor, falling)


def _quadratic(graph: Graph, kernel: Any, rows: str, points: Any) -> str:
    far = distances(graph, rows, points, "sqeuclidean")
    size = 2 * kernel.alpha * kernel.length_scale**2
    base = graph.add("Add", graph.add("Div", far, graph.numbers(size)), graph.numbers(1))
    return graph.add("Pow", base, graph.numbers(-kernel.alpha))


def _dot(graph: Graph, kernel: Any, rows: str, points: Any) -> str:
    product = graph.add("MatMul", rows, graph.numbers(np.asarray(points, float).T))
    return graph.add("Add", product, graph.numbers(kernel.sigma_0**2))


def _periodic(graph: Graph, kernel: Any, rows: str, points: Any) -> str:
    far = distances(graph, rows, points, "euclidean")
    sine = graph.add("Sin", graph.add("Mul", far, graph.numbers(np.pi / kernel.periodicity)))
    square = graph.add("Mul", sine, sine)
    return graph.add("Exp", graph.add("Mul", square, graph.numbers(-2 / kernel.length_scale**2)))


_JOINED = {"Sum": "Add", "Product": "Mul"}
_COVARIANCES: dict[str, Callable[..., str]] = {
    "ConstantKernel": _level(lambda kernel: kernel.constant_value),
    "WhiteKernel": _level(lambda _: 0.0),
    "RBF": _rbf,
    "Matern": _matern,
    "RationalQuadratic": _quadratic,
    "DotProduct": _dot,
    "ExpSineSquared": _periodic,
}
