"""From PyTorch to ONNX bytes: the exporter of programs, and the legacy one, which traces and takes TorchScript."""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch.export import ExportedProgram

from onnxport.converter.inside.torch.binding import defaults_after
from onnxport.converter.inside.torch.capture import FIXED_BATCH, batch_of, capture, sizes_of
from onnxport.converter.inside.torch.model import Flat, Model, evaluating, flat
from onnxport.converter.inside.torch.recurrent import free_lengths
from onnxport.converter.inside.torch.user_code import said_by
from onnxport.converter.interface import ConversionRefused

BATCH = "batch"
_LARGEST = 2_000_000_000
_OPSET = 20
_OLDEST_OF_PROGRAMS = 18
_OPERATOR = re.compile(r"(?:OpOverload\(op=|operator )'([\w.:]+)'|(aten::\w+|prim::\w+|\w+::\w+)")
_OWN = str(Path(torch.__file__).parent)
_DECIDES = "Converting a tensor to a Python boolean"
_READS = "Converting a tensor to a "
_READERS = {torch.ops.aten.item.default, torch.ops.aten._local_scalar_dense.default}  # noqa: SLF001


def export_program(
    program: ExportedProgram, inputs: Sequence[str], opset: int | None
) -> onnx.ModelProto:
    """ONNX of a program whose inputs have these names. Raises `ConversionRefused` that names the operator that the exporter lacks."""
    _refuse_large(program.state_dict.values())
    wanted = opset or _OPSET
    if wanted < _OLDEST_OF_PROGRAMS:
        raise ConversionRefused(
            f"PyTorch's exporter of programs writes operator set {_OLDEST_OF_PROGRAMS} and later, not {wanted}",
            f"Ask for --opset {_OLDEST_OF_PROGRAMS} or more.",
        )
    try:
        with _quietly(), free_lengths():
            made = torch.onnx.export(
                program, (), dynamo=True, external_data=False, opset_version=wanted, verbose=False
            )
    except Exception as error:  # the exporter's own errors, of several kinds
        raise _cannot(error) from error
    assert made is not None
    model: onnx.ModelProto = made.model_proto
    _name_sizes(model, program, inputs)
    return _plain(model)


def export_traced(model: Model, opset: int | None, *, free_batch: bool) -> onnx.ModelProto:
    """ONNX from the legacy exporter: TorchScript as it is, anything else traced on the example.

    Raises `ConversionRefused` for operators that it lacks, and for a model that decides on values: a trace follows one way only.
    """
    _refuse_large([*model.flat.parameters(), *model.flat.buffers()])
    with evaluating(model.flat):
        outputs = list(model.answer(model.example))
    rows = batch_of(model.example)
    free = [
        name
        for name, tensor in zip(model.names, model.example, strict=True)
        if tensor.dim() and len(tensor) == rows
    ]
    given: dict[str, Any] = {
        "dynamo": False,
        "opset_version": opset or _OPSET,
        "input_names": list(model.names),
        "output_names": outputs,
        "dynamic_axes": {n: {0: BATCH} for n in [*free, *outputs]} if free_batch else None,
    }
    traced = flat(model.flat.inner, model.names, model.flat.arrange, as_tuple=True)
    errors: list[Exception] = []
    for way in _ways(model, traced):
        written = io.BytesIO()
        try:
            with _quietly(), warnings.catch_warnings(record=True) as heard, evaluating(traced):
                warnings.simplefilter("always")
                module, inputs = way()
                torch.onnx.export(module, inputs, written, **given)
        except Exception as error:  # as above
            errors.append(error)
            continue
        _refuse_decisions(heard, model)
        return _plain(onnx.load_from_string(written.getvalue()))
    raise _cannot(errors[0]) from errors[0]


def _ways(model: Model, traced: Flat) -> Iterator[Callable[[], tuple[Any, tuple[Any, ...]]]]:
    """TorchScript itself where its arguments are plain, so that its decisions are kept; else a trace."""
    inner = model.flat.inner
    if not isinstance(inner, torch.jit.ScriptModule):
        yield lambda: (traced, model.example)
        return
    arguments, keywords = model.flat.arrange(model.example)
    if not keywords:
        yield lambda: (inner, (*arguments, *defaults_after(inner, len(arguments))))
    # What it gives may be a dictionary: a trace around it takes the tensors out, and keeps its decisions too.
    yield lambda: (torch.jit.trace(traced, model.example, check_trace=False), model.example)


def _refuse_large(tensors: Any) -> None:
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if size > _LARGEST:
        raise ConversionRefused(
            f"the weights are {size / 1e9:.1f} GB: one ONNX file holds at most 2 GB",
            "Convert the model in half precision, or in parts.",
        )


def _refuse_decisions(heard: Sequence[warnings.WarningMessage], model: Model) -> None:
    """Refuse a trace that has a value of the example in it for good; sizes are read in the same ways, and may be."""
    for message in heard:
        said = str(message.message)
        if message.filename.startswith(_OWN) or not said.startswith(_READS):
            continue
        if said.startswith(_DECIDES) or _reads_values(model):
            raise ConversionRefused(
                f"the model decides on the values of its tensors ({message.filename}, line {message.lineno}); "
                "a trace follows one way only",
                "Use torch.where or torch.cond there, or save the model with torch.jit.script and convert that.",
            )


def _reads_values(model: Model) -> bool:
    """Whether numbers leave tensors for Python, as the recording of the model says; if there is none, they may."""
    if isinstance(model.flat.inner, torch.jit.ScriptModule):
        return False
    program = model.program
    if program is None:
        try:
            program, _ = capture(model, FIXED_BATCH)
        except ConversionRefused:
            return True
    return any(node.target in _READERS for node in program.graph.nodes)


def _cannot(error: Exception) -> ConversionRefused:
    reasons = [error]
    while reasons[-1].__cause__ is not None and len(reasons) < 8:
        reasons.append(reasons[-1].__cause__)  # type: ignore[arg-type]
    words = " ".join(str(reason) for reason in reversed(reasons))
    found = _OPERATOR.search(words)
    operator = next((name for name in found.groups() if name), "") if found else ""
    what = (
        f"PyTorch's exporter cannot convert the operator '{operator}'"
        if operator
        else "PyTorch's exporter failed"
    )
    remedy = "Replace that operation in the model by ones that ONNX has, save it again, and convert that."
    if "_nested_tensor" in operator or "_transformer_encoder" in operator:
        remedy = "Save the model with torch.export.save, or make its TransformerEncoder with enable_nested_tensor=False."
    return ConversionRefused(f"{what}: {said_by(reasons[-1])}", remedy)


def _name_sizes(model: onnx.ModelProto, program: ExportedProgram, inputs: Sequence[str]) -> None:
    """Plain names for free sizes: `batch` for the first axis, the input's name and the axis for others."""
    shapes = sizes_of(program)
    names: dict[str, str] = {}
    firsts = {str(shape[0]) for shape in shapes if shape and not isinstance(shape[0], int)}
    if len(firsts) == 1:
        names[firsts.pop()] = BATCH
    for name, shape in zip(inputs, shapes, strict=True):
        for axis, size in enumerate(shape):
            if not isinstance(size, int):
                names.setdefault(str(size), f"{name}_axis_{axis}")
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param.isdecimal():
                size.dim_value = int(size.dim_param)
            elif size.dim_param in names:
                size.dim_param = names[size.dim_param]


def _plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without remarks of the exporter: where each node came from on the machine that wrote the model."""
    del model.metadata_props[:]
    model.doc_string = ""
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        graph.doc_string = ""
        del graph.metadata_props[:]
        for entry in [
            *graph.node,
            *graph.input,
            *graph.output,
            *graph.value_info,
            *graph.initializer,
        ]:
            entry.doc_string = ""
            del entry.metadata_props[:]
        for node in graph.node:
            graphs += [a.g for a in node.attribute if a.HasField("g")]
    for function in model.functions:
        function.doc_string = ""
        for node in function.node:
            node.doc_string = ""
            del node.metadata_props[:]
    return model


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's log: it speaks of packages that are not needed."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
