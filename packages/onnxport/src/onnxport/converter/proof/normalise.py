"""Making a converted model plain: names, one import per operator set, no defaults among the inputs, shapes as they are when run."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

BATCH = "batch"


def normalise(model_bytes: bytes, input_names: Sequence[str], output_names: Sequence[str]) -> bytes:
    """Name inputs (unless no names are given) and outputs, merge repeated imports, take initialisers out of the inputs.

    Names are in graph order. Raises `ValueError` when this is no ONNX model, or its graph has another number of inputs or
    outputs, or an output that is no tensor.
    """
    model = _parsed(model_bytes)
    _merge_opsets(model)
    _drop_initialiser_inputs(model.graph)
    if input_names:
        _rename_all(model.graph, model.graph.input, input_names, "inputs")
    _rename_all(model.graph, model.graph.output, output_names, "outputs")
    for value in model.graph.output:
        if value.type.WhichOneof("value") != "tensor_type":
            raise ValueError(f"output '{value.name}' is no tensor")
    return bytes(model.SerializeToString())


def with_shapes(
    model_bytes: bytes, shapes: Sequence[tuple[int | str | None, ...]], *, batch: bool
) -> bytes:
    """State the shapes of the outputs as they were seen when run; with `batch`, the first dimension of every input is called so."""
    import onnx

    model = onnx.load_from_string(model_bytes)
    for value, shape in zip(model.graph.output, shapes, strict=True):
        stated = value.type.tensor_type.shape
        del stated.dim[:]
        for size in shape:
            dimension = stated.dim.add()
            if isinstance(size, int):
                dimension.dim_value = size
            elif size is not None:
                dimension.dim_param = size
        # An empty message would be dropped: a scalar has a shape too.
        value.type.tensor_type.shape.SetInParent()
    if batch:
        for value in model.graph.input:
            _name_batch(value)
    return bytes(model.SerializeToString())


def main_opset(model_bytes: bytes) -> int | None:
    """The version of the main operator set that the model imports."""
    import onnx

    model = onnx.load_from_string(model_bytes)
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return max(versions, default=None)


def _parsed(model_bytes: bytes) -> Any:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return onnx.load_from_string(model_bytes)
    except DecodeError as error:
        raise ValueError("what the converter made is no ONNX model") from error


def _merge_opsets(model: Any) -> None:
    newest: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        newest[domain] = max(entry.version, newest.get(domain, 0))
    del model.opset_import[:]
    for domain, version in newest.items():
        model.opset_import.add(domain=domain, version=version)


def _drop_initialiser_inputs(graph: Any) -> None:
    held = {tensor.name for tensor in graph.initializer}
    kept = [value for value in graph.input if value.name not in held]
    if len(kept) != len(graph.input):
        del graph.input[:]
        graph.input.extend(kept)


def _rename_all(graph: Any, values: Any, names: Sequence[str], what: str) -> None:
    old = [value.name for value in values]
    if len(old) != len(names):
        raise ValueError(f"the converter promised the {what} {list(names)}; there are {old}")
    for value, name in zip(old, names, strict=True):
        _rename(graph, value, name)


def _rename(graph: Any, old: str, new: str) -> None:
    """Rename a tensor of the main graph, and where inner graphs use it; a tensor in the way is renamed first."""
    if old == new:
        return
    if new in _tensor_names(graph):
        taken = _tensor_names(graph)
        free = next(n for i in itertools.count(1) if (n := f"{new}_{i}") not in taken)
        _rename(graph, new, free)
    for node in _all_nodes(graph):
        for names in (node.input, node.output):
            for position, name in enumerate(names):
                if name == old:
                    names[position] = new
    for value in [*graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        if value.name == old:
            value.name = new


def _tensor_names(graph: Any) -> set[str]:
    made = {name for node in _all_nodes(graph) for name in [*node.input, *node.output]}
    return made | {value.name for value in [*graph.input, *graph.initializer]}


def _all_nodes(graph: Any) -> Iterable[Any]:
    """The nodes of a graph and of the graphs within them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from _all_nodes(inner)


def _name_batch(value: Any) -> None:
    if dimensions := value.type.tensor_type.shape.dim:
        dimensions[0].dim_param = BATCH
