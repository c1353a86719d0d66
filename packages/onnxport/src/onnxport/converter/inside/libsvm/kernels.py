"""LIBSVM's kernels of every input row with every support vector, as ONNX in float64."""

from typing import Any

from onnxport.converter.inside.libsvm.graph import Graph, value
from onnxport.converter.inside.libsvm.machine import Machine

# Up to here squares and products lose less than 1e-13 of the kernel, and are much faster than differences.
_FAR = 100.0
_LARGEST_ROOT = 1e150


def kernel_values(graph: Graph, rows: str, machine: Machine, width: int) -> str:
    """Add the kernel of `rows` [batch, width] with all support vectors; return the name of [batch, vectors]."""
    vectors = machine.vectors.dense(width)
    kernel = machine.kernel
    if kernel.kind == "rbf":
        distances = _distances(graph, rows, vectors, kernel.gamma)
        return graph.op("Exp", graph.op("Mul", distances, graph.constant(-kernel.gamma)))
    products = graph.op("MatMul", rows, graph.constant(vectors.T))
    if kernel.kind == "linear":
        return products
    scaled = graph.op("Mul", products, graph.constant(kernel.gamma))
    moved = graph.op("Add", scaled, graph.constant(kernel.coef0))
    if kernel.kind == "sigmoid":
        return graph.op("Tanh", moved)
    return _power(graph, moved, kernel.degree)


def _power(graph: Graph, base: str, degree: int) -> str:
    """`base` to a whole power by squaring, multiplied in LIBSVM's order."""
    if degree == 0:
        return graph.op("Pow", base, graph.constant(0.0))
    made = None
    while degree:
        if degree % 2:
            made = base if made is None else graph.op("Mul", made, base)
        degree //= 2
        base = graph.op("Mul", base, base) if degree else base
    assert made is not None
    return made


def _distances(graph: Graph, rows: str, vectors: Any, gamma: float) -> str:
    """Squared distances. Moving both sides to the vectors' centre keeps the digits that squares and products would lose."""
    centre = vectors.mean(axis=0)
    moved = vectors - centre
    squares = (moved * moved).sum(axis=1)
    if gamma * squares.max() > _FAR:
        return _summed_differences(graph, rows, vectors)
    # Beyond this the squares overflow; the kernel is 0 long before.
    limits = graph.constant(-_LARGEST_ROOT), graph.constant(_LARGEST_ROOT)
    near = graph.op("Sub", graph.op("Clip", rows, *limits), graph.constant(centre))
    own = graph.op("ReduceSumSquare", near, graph.constant([1], "int64"), keepdims=1)
    products = graph.op("MatMul", near, graph.constant(-2 * moved.T))
    return graph.op("Add", graph.op("Add", own, graph.constant(squares)), products)


def _summed_differences(graph: Graph, rows: str, vectors: Any) -> str:
    """As LIBSVM does it: the squares of differences, summed column by column, so that no more than [batch, vectors] is ever held."""
    batch = graph.op("Shape", rows, start=0, end=1)
    sizes = graph.op("Concat", batch, graph.constant([len(vectors)], "int64"), axis=0)
    nothing = graph.op("Expand", graph.constant(0.0), sizes)
    body = Graph(graph)
    so_far, of_rows, of_vectors = (body.name(stem) for stem in ("sum", "column", "vectors"))
    difference = body.op(
        "Sub", body.op("Unsqueeze", of_rows, body.constant([1], "int64")), of_vectors
    )
    summed = body.op("Add", so_far, body.op("Mul", difference, difference))
    inner = body.inner(
        "squared_differences",
        [
            value(so_far, "float64", [None, len(vectors)]),
            value(of_rows, "float64", [None]),
            value(of_vectors, "float64", [len(vectors)]),
        ],
        [value(summed, "float64", [None, len(vectors)])],
    )
    return graph.op(
        "Scan",
        nothing,
        rows,
        graph.constant(vectors),
        body=inner,
        num_scan_inputs=2,
        scan_input_axes=[1, 1],
    )
