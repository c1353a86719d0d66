"""Preflight rules about a model's inputs and outputs: shapes, element types, names."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from onnxport.domain.dtype import DType
from onnxport.domain.signature import NamedValue, Signature, TensorType
from onnxport.inspect.finding import Finding, Severity
from onnxport.inspect.structure import Structure

_MAX_NAME = 200


def check_values(model: Any, signature: Signature, structure: Structure) -> Iterator[Finding]:
    """The findings about the signature."""
    yield from _no_outputs(model)
    yield from _duplicates(model)
    yield from _fixed_batch(signature)
    for value in signature.inputs:
        yield from _input(value, structure)
    yield from _odd_names((*signature.inputs, *signature.outputs))


def _no_outputs(model: Any) -> Iterator[Finding]:
    if not model.graph.output:
        yield Finding(
            "no_outputs",
            Severity.ERROR,
            "the graph has no outputs",
            "There is nothing to answer with.",
            "Export the model again and name its outputs.",
        )


def _duplicates(model: Any) -> Iterator[Finding]:
    for kind, values in (("inputs", model.graph.input), ("outputs", model.graph.output)):
        counts = Counter(value.name for value in values)
        for name in sorted(name for name, count in counts.items() if count > 1):
            yield Finding(
                "duplicate_names",
                Severity.ERROR,
                f"{counts[name]} {kind} have the name {name[:80]!r}",
                "A request or an answer could not tell them apart.",
                "Export the model again with different names.",
            )


def _fixed_batch(signature: Signature) -> Iterator[Finding]:
    """The first dimension of every input with rows is the same number: the exporter froze the batch."""
    firsts = {
        value.type.shape[0]
        for value in signature.inputs
        if value.required
        and isinstance(value.type, TensorType)
        and value.type.shape is not None
        and len(value.type.shape) > 1
    }
    if len(firsts) != 1:
        return
    rows = firsts.pop()
    if not isinstance(rows, int) or rows == 0:
        return
    yield Finding(
        "fixed_batch",
        Severity.WARNING,
        f"the first dimension of the inputs is fixed at {rows}",
        "Every request must hold exactly one row."
        if rows == 1
        else f"Every request must hold exactly {rows} rows.",
        "Export with a free first dimension (PyTorch: dynamic_shapes or dynamic_axes; skl2onnx: FloatTensorType([None, n])) "
        "if requests should hold any number of rows.",
    )


def _input(value: NamedValue, structure: Structure) -> Iterator[Finding]:
    name, kind = value.name[:80], value.type
    if value.name not in structure.consumed:
        yield Finding(
            "unused_input",
            Severity.NOTE,
            f"no operator uses the input {name!r}",
            "Requests must still send it, and it changes nothing.",
            "Remove it before exporting.",
        )
    if not isinstance(kind, TensorType):
        return
    if kind.shape is None:
        yield Finding(
            "unknown_rank",
            Severity.NOTE,
            f"the input {name!r} states no shape",
            "Requests cannot be checked before the run, and no example can be made.",
            "Export with shapes, or deploy with --sample.",
        )
    elif 0 in kind.shape:
        yield Finding(
            "zero_size_dimension",
            Severity.WARNING,
            f"the input {name!r} is {kind}: a dimension has size 0",
            "Only empty tensors fit it.",
            "Export with the real size or a free dimension.",
        )
    if kind.dtype is DType.FLOAT64:
        yield Finding(
            "float64_input",
            Severity.NOTE,
            f"the input {name!r} is float64",
            "It takes twice the memory and time of float32, and some operators do not support it.",
            "Export in float32 if the model does not need the precision.",
        )


def _odd_names(values: tuple[NamedValue, ...]) -> Iterator[Finding]:
    for value in values:
        name = value.name
        if name and name.isprintable() and name == name.strip() and len(name) <= _MAX_NAME:
            continue
        yield Finding(
            "odd_name",
            Severity.ERROR if not name else Severity.WARNING,
            f"an input or output has the name {name[:80]!r}",
            "Requests cannot name it." if not name else "It is hard to write in a request.",
            "Export the model again with a short, printable name.",
        )
