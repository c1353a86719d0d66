"""The ways to ONNX, usual and as remedies, and the proof's cases for each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import onnx
import torch

from onnxport.converter.inside.torch import capture, exporters, inputs
from onnxport.converter.inside.torch.binding import bind, floating_type
from onnxport.converter.inside.torch.model import Model, as_array, evaluating
from onnxport.converter.inside.torch.narrow import program_in_float32
from onnxport.converter.interface import Case, ConversionRefused, Exported, Job, Output

_TOLERANCES = {torch.float16: (1e-2, 1e-2), torch.float64: (1e-7, 1e-6)}
_USUAL = (1e-4, 1e-3)
"""Sums of many products in float32, in another order: the error grows with the depth of a network."""
_OLDER_OPSET = 18


@dataclass
class Opened:
    """A model as it was opened, and, once it is exported, the way in which it was: its reference is run on the same."""

    model: Model
    taken: "_Taken | None" = None


@dataclass(frozen=True)
class _Taken:
    model: Model
    shapes: inputs.Shapes
    names: tuple[str, ...]


def as_usual(opened: Opened, job: Job) -> Exported:
    """The exporter of programs, with a free batch and free lengths; the legacy one for TorchScript."""
    if opened.model.kind == "script":
        return _traced(opened, opened.model, job, free_batch=True)
    return _captured(opened, opened.model, job)


def with_fixed_lengths(opened: Opened, job: Job) -> Exported:
    """As usual, with lengths as in the sample."""
    if opened.model.kind != "module" or not capture.has_lengths(opened.model.example):
        raise _not_for(opened.model, job.remedy)
    return _captured(opened, opened.model, job)


def with_fixed_batch(opened: Opened, job: Job) -> Exported:
    """As usual, with the batch and all else as in the sample."""
    model = opened.model
    rows = capture.batch_of(model.example)
    if model.kind == "program" or rows is None:
        raise _not_for(model, job.remedy)
    if model.kind == "module":
        return _captured(opened, model, job)
    model = model.remarking(f"the batch is fixed at the sample's {rows} rows, with {job.remedy}")
    return _traced(opened, model, job, free_batch=False)


def by_legacy_exporter(opened: Opened, job: Job) -> Exported:
    """A trace of the module, with a free batch."""
    if opened.model.kind == "script":
        raise _not_for(opened.model, job.remedy)
    return _traced(opened, opened.model, job, free_batch=True)


def by_older_operators(opened: Opened, job: Job) -> Exported:
    """As usual, in the operator set that PyTorch's exporter writes without translating."""
    return as_usual(opened, replace(job, opset=_OLDER_OPSET))


def in_float32(opened: Opened, job: Job) -> Exported:
    """The model in float32: ONNX Runtime has more operators for it than for other types."""
    model = opened.model
    kind = floating_type(model.flat)
    if kind is torch.float32:
        raise _not_for(model, job.remedy)
    if model.program is not None:
        model = program_in_float32(model)
    else:
        sample = dict(zip(model.names, map(as_array, model.example), strict=True))
        model = bind(model.flat.inner.float(), sample, model.kind).remarking(*model.remarks)
    word = str(kind).removeprefix("torch.")
    opened.model = model.remarking(
        f"the model is {word}; the ONNX model and the comparison compute in float32"
    )
    return as_usual(opened, job)


def reference(opened: Opened, exported: Exported, job: Job) -> Iterator[Case]:
    """The answers of the model that was exported."""
    taken = opened.taken
    assert taken is not None
    model = taken.model
    sample = None
    if job.sample is not None:
        sample = dict(zip(model.names, map(as_array, model.example), strict=True))
    for case in inputs.cases(model, taken.shapes, exported.onnx, sample):
        yield replace(case, inputs={name: case.inputs[name] for name in taken.names})


def _captured(opened: Opened, model: Model, job: Job) -> Exported:
    remarks: tuple[str, ...] = ()
    program = model.program
    if program is None:
        program, remarks = capture.capture(model, job.remedy)
    else:
        remarks = capture.fixed_batch(model)
    made = exporters.export_program(program, model.names, job.opset)
    model = replace(model, program=program).remarking(*remarks)
    opened.taken = _Taken(model, inputs.Shapes(model, free_batch=True), model.names)
    return _exported(model, made, model.names)


def _traced(opened: Opened, model: Model, job: Job, *, free_batch: bool) -> Exported:
    made = exporters.export_traced(model, job.opset, free_batch=free_batch)
    # A trace has no inputs that were not used.
    names = tuple(value.name for value in made.graph.input)
    shapes = inputs.Shapes(replace(model, program=None), free_batch=free_batch)
    opened.taken = _Taken(model, shapes, names)
    unused = [name for name in model.names if name not in names]
    if unused:
        model = model.remarking(f"not used by the model, so no inputs: {', '.join(unused)}")
    for name, tensor in zip(model.names, model.example, strict=True):
        axes = capture.length_axes(tensor, model.example) if name in names else ()
        if axes:
            model = model.remarking(capture.fixed_sizes(name, [tensor.shape[a] for a in axes]))
    return _exported(model, made, names)


def _exported(model: Model, made: onnx.ModelProto, names: tuple[str, ...]) -> Exported:
    with evaluating(model.flat):
        answer = model.answer(model.example)
    absolute, relative = _TOLERANCES.get(floating_type(model.flat), _USUAL)
    outputs = tuple(Output(name, "value", absolute, relative) for name in answer)
    return Exported(
        made.SerializeToString(deterministic=True), outputs, torch.__version__, model.remarks, names
    )


def _not_for(model: Model, remedy: str) -> ConversionRefused:
    return ConversionRefused(
        f"{remedy} changes nothing for this {model.kind}", "See what was said without it."
    )
