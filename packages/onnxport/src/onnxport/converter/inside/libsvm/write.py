"""What a LIBSVM model computes, as an ONNX model in float64."""

import numpy as np
from onnx import TensorProto

from onnxport.converter.inside.libsvm.coupling import coupled
from onnxport.converter.inside.libsvm.graph import Graph, value
from onnxport.converter.inside.libsvm.kernels import kernel_values
from onnxport.converter.inside.libsvm.machine import ONE_CLASS, Machine
from onnxport.converter.interface import ConversionRefused, Output

# LIBSVM's own, of svm_predict_probability.
_LEAST = 1e-7
_MOST_CELLS = 1 << 27
_TOLERANCE = 1e-8


def outputs_of(machine: Machine) -> tuple[Output, ...]:
    """The outputs in the order of the graph."""
    values = _value("decision_values")
    if machine.classifies:
        by_value = values.name if len(machine.labels) == 2 else None
        if machine.sigmoids is None:
            return Output("label", "label", scores=by_value, labels=machine.labels), values
        label = Output("label", "label", scores="probabilities", labels=machine.labels)
        voted = Output("voted_label", "label", scores=by_value, labels=machine.labels)
        return label, _value("probabilities"), values, voted
    if machine.kind != ONE_CLASS:
        return (_value("prediction"),)
    label = Output("label", "label", scores=values.name, labels=(1, -1))
    return (label, values) if machine.marks is None else (label, values, _value("probabilities"))


def write_onnx(machine: Machine, width: int) -> bytes:
    """An ONNX model with the input `X` [batch, width] in float64."""
    _check_size(machine, width)
    graph = Graph()
    names = _outputs(graph, machine, width)
    ends = []
    for output in outputs_of(machine):
        name = graph.op("Identity", names[output.name])
        kind = "int64" if output.role == "label" else "float64"
        ends.append(value(name, kind, ["batch", *_columns(machine, output.name)]))
    return graph.model("libsvm", [value("X", "float64", ["batch", width])], ends)


def _value(name: str) -> Output:
    return Output(name, absolute=_TOLERANCE, relative=_TOLERANCE)


def _columns(machine: Machine, output: str) -> list[int]:
    """The sizes of an output beside the rows."""
    if output == "decision_values":
        return [len(machine.rho)]
    return [len(machine.labels) or 2] if output == "probabilities" else []


def _check_size(machine: Machine, width: int) -> None:
    rows = len(machine.rho) if machine.kernel.kind == "linear" else len(machine.vectors)
    if rows * width > _MOST_CELLS:
        raise ConversionRefused(
            f"as a full matrix the model's {len(machine.vectors)} support vectors of {width} columns are too large for ONNX, "
            "which knows no sparse matrices",
            "Train on fewer columns, or with the linear kernel (-t 0), which needs one row only.",
        )


def _outputs(graph: Graph, machine: Machine, width: int) -> dict[str, str]:
    """The names of the graph's results by what they are called outside."""
    decisions = _decision_values(graph, machine, width)
    if machine.classifies:
        return _classified(graph, machine, decisions)
    if machine.kind == ONE_CLASS:
        return _told_apart(graph, machine, decisions)
    return {"prediction": graph.op("Squeeze", decisions, graph.constant([1], "int64"))}


def _decision_values(graph: Graph, machine: Machine, width: int) -> str:
    """[batch, pairs], or [batch, 1]."""
    if machine.kernel.kind == "linear":
        sums = graph.op("MatMul", "X", graph.constant(_linear_weights(machine, width)))
    else:
        sums = _weighted(graph, machine, kernel_values(graph, "X", machine, width))
    return graph.op("Sub", sums, graph.constant(machine.rho))


def _linear_weights(
    machine: Machine, width: int
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """The support vectors summed with their coefficients, [width, pairs]: what a linear kernel needs to know of them."""
    owners = np.repeat(np.arange(len(machine.vectors)), np.diff(machine.vectors.starts))
    weights = np.zeros((width, len(machine.rho)))
    for pair, coefficients in enumerate(_of_pairs(machine)):
        np.add.at(
            weights[:, pair], machine.vectors.columns, coefficients[owners] * machine.vectors.values
        )
    return weights


def _of_pairs(machine: Machine) -> "list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]":
    """For each pair of classes the coefficients of all support vectors, 0 for those of other classes."""
    if not machine.classifies:
        return [machine.coefficients[0]]
    owner = np.repeat(np.arange(len(machine.counts)), machine.counts)
    return [
        np.where(owner == one, machine.coefficients[other - 1], 0.0)
        + np.where(owner == other, machine.coefficients[one], 0.0)
        for one, other in _pairs(len(machine.labels))
    ]


def _weighted(graph: Graph, machine: Machine, kernels: str) -> str:
    """The kernels summed with the coefficients of each pair of classes, [batch, pairs].

    With many classes each class's part is multiplied with its own coefficients only: a matrix for all pairs would be mostly zeros.
    """
    classes = len(machine.labels)
    if classes <= 2:
        return graph.op("MatMul", kernels, graph.constant(machine.coefficients.T))
    sizes = graph.constant(machine.counts, "int64")
    parts = graph.ops("Split", classes, kernels, sizes, axis=1)
    starts = np.concatenate([[0], np.cumsum(machine.counts)])
    sums = [
        graph.op("MatMul", part, graph.constant(machine.coefficients[:, start:end].T))
        for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True)
    ]
    by_class = graph.op("Concat", *sums, axis=1)
    pairs = _pairs(classes)
    one = [one * (classes - 1) + other - 1 for one, other in pairs]
    other = [other * (classes - 1) + one for one, other in pairs]
    return graph.op(
        "Add",
        graph.op("Gather", by_class, graph.constant(one, "int64"), axis=1),
        graph.op("Gather", by_class, graph.constant(other, "int64"), axis=1),
    )


def _pairs(classes: int) -> list[tuple[int, int]]:
    return [(one, other) for one in range(classes) for other in range(one + 1, classes)]


def _classified(graph: Graph, machine: Machine, decisions: str) -> dict[str, str]:
    voted = _label(graph, machine, _votes(graph, decisions, len(machine.labels)))
    if machine.sigmoids is None:
        return {"label": voted, "decision_values": decisions}
    probabilities = _probabilities(graph, machine, decisions)
    return {
        "label": _label(graph, machine, probabilities),
        "probabilities": probabilities,
        "decision_values": decisions,
        "voted_label": voted,
    }


def _votes(graph: Graph, decisions: str, classes: int) -> str:
    """How many of its pairs each class wins, [batch, classes]; a value that is not above 0 is a vote for the second class."""
    pairs = _pairs(classes)
    ones, others = np.zeros((2, len(pairs), classes))
    for number, (one, other) in enumerate(pairs):
        ones[number, one] = others[number, other] = 1
    wins = graph.op(
        "Cast", graph.op("Greater", decisions, graph.constant(0.0)), to=TensorProto.DOUBLE
    )
    gained = graph.op("MatMul", wins, graph.constant(ones - others))
    return graph.op("Add", gained, graph.constant(others.sum(axis=0)))


def _label(graph: Graph, machine: Machine, scores: str) -> str:
    """The label of the largest score, of the first one where several are equal."""
    best = graph.op("ArgMax", scores, axis=1, keepdims=0)
    return graph.op("Gather", graph.constant(machine.labels, "int64"), best)


def _probabilities(graph: Graph, machine: Machine, decisions: str) -> str:
    first = _bounded(graph, _sigmoid(graph, decisions, *machine.sigmoids))
    if len(machine.labels) > 2:
        return coupled(graph, first, len(machine.labels))
    return graph.op("Concat", first, graph.op("Sub", graph.constant(1.0), first), axis=1)


def _sigmoid(graph: Graph, decisions: str, slopes: object, offsets: object) -> str:
    """1 / (1 + exp(slope * value + offset)), in the form that never overflows."""
    steep = graph.op("Mul", decisions, graph.constant(slopes))
    exponent = graph.op("Add", steep, graph.constant(offsets))
    small = graph.op("Exp", graph.op("Neg", graph.op("Abs", exponent)))
    below = graph.op("Add", small, graph.constant(1.0))
    positive = graph.op("GreaterOrEqual", exponent, graph.constant(0.0))
    return graph.op(
        "Where",
        positive,
        graph.op("Div", small, below),
        graph.op("Div", graph.constant(1.0), below),
    )


def _bounded(graph: Graph, probabilities: str) -> str:
    """Within LIBSVM's bounds; what is no number becomes the lower one, as it does there."""
    least, most = graph.constant(_LEAST), graph.constant(1 - _LEAST)
    raised = graph.op("Where", graph.op("Greater", probabilities, least), probabilities, least)
    return graph.op("Where", graph.op("Less", raised, most), raised, most)


def _told_apart(graph: Graph, machine: Machine, decisions: str) -> dict[str, str]:
    """One class: 1 for what belongs to it, -1 for what does not."""
    inside = graph.op("Greater", decisions, graph.constant(0.0))
    signs = graph.op("Where", inside, graph.constant(1, "int64"), graph.constant(-1, "int64"))
    names = {
        "label": graph.op("Squeeze", signs, graph.constant([1], "int64")),
        "decision_values": decisions,
    }
    if machine.marks is not None:
        names["probabilities"] = _binned(graph, decisions, machine.marks)
    return names


def _binned(graph: Graph, decisions: str, marks: "list[float]") -> str:
    """Probabilities of belonging and of not: the number of the first mark above the value, in tenths."""
    count = len(marks)
    inside = graph.constant(0.0)
    for number in range(count - 1, 0, -1):
        below = graph.op("Less", decisions, graph.constant(marks[number]))
        inside = graph.op("Where", below, graph.constant(number / count), inside)
    above = graph.op("Greater", decisions, graph.constant(marks[-1]))
    inside = graph.op("Where", above, graph.constant(0.999), inside)
    below = graph.op("Less", decisions, graph.constant(marks[0]))
    inside = graph.op("Where", below, graph.constant(0.001), inside)
    return graph.op("Concat", inside, graph.op("Sub", graph.constant(1.0), inside), axis=1)
