"""Making a converted model plain: names, one import per operator set, no defaults among the inputs, shapes as they are when run."""

from collections.abc import Iterable, Sequence
from typing import Any

BATCH = "batch"


def normalise(model_bytes: bytes, output_names: Sequence[str]) -> bytes:
    """Rename the outputs (in graph order), merge repeated imports, take initialisers out of the inputs, name the batch dimension.

    Raises `ValueError` when this is no ONNX model, or its graph has another number of outputs, or one that is no tensor.
    """
    model = _parsed(model_bytes)
    if len(model.graph.output) != len(output_names):
        found = [value.name for value in model.graph.output]
        raise ValueError(
            f"the converter promised the outputs {list(output_names)}; there are {found}"
        )
    _merge_opsets(model)
    _drop_initialiser_inputs(model.graph)
    for value, name in zip(list(model.graph.output), output_names, strict=True):
        if value.type.WhichOneof("value") != "tensor_type":
            raise ValueError(f"output '{value.name}' is no tensor")
        _rename(model.graph, value.name, name)
    for value in [*model.graph.input, *model.graph.output]:
        _name_batch(value)
    return bytes(model.SerializeToString())


def with_output_shapes(model_bytes: bytes, shapes: Sequence[tuple[int | str | None, ...]]) -> bytes:
    """State the shapes of the outputs as they were seen when run."""
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


def _rename(graph: Any, old: str, new: str) -> None:
    """Rename a tensor of the main graph, and where inner graphs use it; a tensor in the way is renamed first."""
    if old == new:
        return
    if new in {name for node in _nodes(graph) for name in node.output}:
        _rename(graph, new, f"{new}_inner")
    for node in _nodes(graph):
        for names in (node.input, node.output):
            for position, name in enumerate(names):
                if name == old:
                    names[position] = new
    for value in [*graph.output, *graph.value_info]:
        if value.name == old:
            value.name = new


def _nodes(graph: Any) -> Iterable[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from _nodes(inner)


def _name_batch(value: Any) -> None:
    dimensions = value.type.tensor_type.shape.dim
    if dimensions and not dimensions[0].HasField("dim_value"):
        dimensions[0].dim_param = BATCH
