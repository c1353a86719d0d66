"""Class probabilities from those of pairs, as LIBSVM's `multiclass_probability` finds them: in rounds, until they hardly change.

Source: T.-F. Wu, C.-J. Lin, R. C. Weng, Probability Estimates for Multi-class Classification by Pairwise Coupling, JMLR 5 (2004), method 2.
"""

import numpy as np
from onnx import TensorProto

from onnxport.converter.inside.libsvm.graph import Graph, value

_ROUNDS = 100
_CLOSE = 0.005


def coupled(graph: Graph, first: str, classes: int) -> str:
    """Add the probabilities of `classes` classes; return the name of [batch, classes].

    `first` [batch, pairs] is the probability of the first class of each pair (0, 1), (0, 2) ... (1, 2) ...

    LIBSVM goes on with each row until its own rounds end; here all rows go on together, and those that are done keep their values.
    """
    matrix = _matrix(graph, first, classes)
    batch = graph.op("Shape", first, start=0, end=1)
    sizes = graph.op("Concat", batch, graph.constant([classes], "int64"), axis=0)
    start = graph.op("Expand", graph.constant(1 / classes), sizes)
    body = Graph(graph)
    number, go_on, now = (body.name(stem) for stem in ("round", "go_on", "probabilities"))
    last = body.constant([2], "int64")
    column = body.op("MatMul", matrix, body.op("Unsqueeze", now, last))
    product = body.op("Squeeze", column, last)
    total = _sum(body, body.op("Mul", now, product))
    distance = body.op("Abs", body.op("Sub", product, total))
    largest = body.op("ReduceMax", distance, body.constant([1], "int64"), keepdims=1)
    moves = body.op("Not", body.op("Less", largest, body.constant(_CLOSE / classes)))
    moved = _round(body, matrix, (now, product, total), classes)
    after = body.op("Where", moves, moved, now)
    how_many = body.op("ReduceSum", body.op("Cast", moves, to=TensorProto.INT64), keepdims=0)
    more = body.op("Cast", how_many, to=TensorProto.BOOL)
    shape = [None, classes]
    inner = body.inner(
        "coupling",
        [value(number, "int64", []), value(go_on, "bool", []), value(now, "float64", shape)],
        [value(more, "bool", []), value(after, "float64", shape)],
    )
    rounds = graph.constant(max(_ROUNDS, classes), "int64")
    return graph.op("Loop", rounds, "", start, body=inner)


def _matrix(graph: Graph, first: str, classes: int) -> str:
    """`Q` of the paper, [batch, classes, classes]."""
    below, above = _pair_numbers(classes)
    second = graph.op("Sub", graph.constant(1.0), first)
    both = graph.op("Concat", first, second, axis=1)
    against = graph.op("Gather", both, graph.constant(above, "int64"), axis=1)
    of_others = graph.op("Gather", both, graph.constant(below, "int64"), axis=1)
    off = graph.op("Neg", graph.op("Mul", against, of_others))
    squares = graph.op("Mul", of_others, of_others)
    counted = graph.op("Mul", squares, graph.constant(1 - np.eye(classes)))
    own = graph.op("ReduceSum", counted, graph.constant([2], "int64"), keepdims=1)
    return graph.op("Where", graph.constant(np.eye(classes), "bool"), own, off)


def _pair_numbers(classes: int) -> "tuple[list[list[int]], list[list[int]]]":
    """Where the probability of `j` against `i` lies, and of `i` against `j`, by `i` and `j`, in pairs followed by reversed pairs."""
    against = np.zeros((classes, classes), np.int64)
    one, other = np.triu_indices(classes, 1)
    numbers = np.arange(len(one))
    against[one, other] = numbers
    against[other, one] = numbers + len(one)
    return against.T.tolist(), against.tolist()


def _round(graph: Graph, matrix: str, state: tuple[str, str, str], classes: int) -> str:
    """One round: each class in turn takes its share, and all are scaled to sum to 1."""
    body = Graph(graph)
    now, product, total = (body.name(stem) for stem in ("probabilities", "product", "total"))
    row, one_hot, place = (body.name(stem) for stem in ("row", "one_hot", "place"))
    own = body.op("Gather", row, place, axis=1)
    product_here = body.op("Gather", product, place, axis=1)
    share = body.op("Div", body.op("Sub", total, product_here), own)
    scale = body.op("Add", share, body.constant(1.0))
    raised = body.op("Add", now, body.op("Mul", share, one_hot))
    twice = body.op("Mul", product_here, body.constant(2.0))
    grown = body.op("Mul", share, body.op("Add", body.op("Mul", share, own), twice))
    new_total = body.op("Div", body.op("Div", body.op("Add", total, grown), scale), scale)
    shifted = body.op("Add", product, body.op("Mul", share, row))
    shape, column = [None, classes], [None, 1]
    new_product, new = body.op("Div", shifted, scale), body.op("Div", raised, scale)
    inner = body.inner(
        "each_class",
        [
            value(now, "float64", shape),
            value(product, "float64", shape),
            value(total, "float64", column),
            value(row, "float64", shape),
            value(one_hot, "float64", [classes]),
            value(place, "int64", [1]),
        ],
        [
            value(new, "float64", shape),
            value(new_product, "float64", shape),
            value(new_total, "float64", column),
        ],
    )
    one_hots = graph.constant(np.eye(classes))
    places = graph.constant(np.arange(classes).reshape(-1, 1), "int64")
    return graph.ops(
        "Scan",
        3,
        *state,
        matrix,
        one_hots,
        places,
        body=inner,
        num_scan_inputs=3,
        scan_input_axes=[1, 0, 0],
    )[0]


def _sum(graph: Graph, values: str) -> str:
    return graph.op("ReduceSum", values, graph.constant([1], "int64"), keepdims=1)
