"""Opening each kind of file as a model with its inputs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from onnxport.converter.inside.tensors import TensorInput, sample_tensors
from onnxport.converter.inside.torch import capture, weights
from onnxport.converter.inside.torch.binding import bind, floating_type
from onnxport.converter.inside.torch.model import Model, as_array, as_tensor, same_answers
from onnxport.converter.inside.torch.narrow import program_in_float32
from onnxport.converter.inside.torch.program import load_program
from onnxport.converter.inside.torch.user_code import make_module, with_pickled_names
from onnxport.converter.interface import ConversionRefused, Job

NAMES_FILE = "onnxport-names.json"
_NARROW = {torch.float16, torch.bfloat16}


def open_program(job: Job) -> Model:
    """An exported program; it knows its inputs, and keeps an example of them."""
    program = load_program(job.source, trusted=job.trusted)
    if _devices(program) - {"cpu", "meta"}:
        program = torch.export.passes.move_to_device_pass(program, "cpu")
    model = capture.of_program(program)
    if not model.names:
        raise ConversionRefused(
            f"the program in {job.source.name} takes no tensors", "Export it with an input."
        )
    if job.sample is not None:
        model = replace(model, example=_of_sample(model, job.sample))
    elif not model.example:
        model = replace(model, example=_of_shapes(model))
    if torch.bfloat16 in (floating_type(model.flat), *(t.dtype for t in model.example)):
        return program_in_float32(model).remarking(
            "the program is bfloat16, which ONNX Runtime does not compute in: it is converted, and compared, in float32"
        )
    return model


def open_script(job: Job) -> Model:
    """TorchScript."""
    module = torch.jit.load(job.source, map_location="cpu").eval()
    return _bound(module, job, "script")


def open_weights(job: Job) -> Model:
    """Weights of `torch.save` in the user's class."""
    held = _all_of(job) if job.trusted else weights.read_pickled(job.source)
    return _with_weights(held, job)


def open_safetensors(job: Job) -> Model:
    """Weights of a safetensors file in the user's class."""
    return _with_weights(weights.read_safetensors(job.source), job)


def open_pickled(job: Job) -> Model:
    """A pickled module, alone or in a checkpoint."""
    held = with_pickled_names(job.code, lambda: _all_of(job))
    module = held if isinstance(held, nn.Module) else _module_in(held)
    if module is None and job.code is not None:
        return _with_weights(held, job)
    if module is None:
        raise ConversionRefused(
            f"{job.source.name} holds a {type(held).__name__}, not a torch.nn.Module",
            "Save the module with torch.export.save; or name its class with --code, if the file holds weights.",
        )
    return _bound(module, job, "module")


def _all_of(job: Job) -> Any:
    import pickle

    try:
        return torch.load(job.source, map_location="cpu", weights_only=False)
    except pickle.UnpicklingError:
        # Written by pickle itself.
        with job.source.open("rb") as file:
            return pickle.load(file)  # noqa: S301 - the user vouches for it


def _module_in(held: Any) -> nn.Module | None:
    """The model among the values of a checkpoint; losses are modules too."""
    if not isinstance(held, Mapping):
        return None
    found = {
        str(key): value
        for key, value in held.items()
        if isinstance(value, nn.Module) and not isinstance(value, nn.modules.loss._Loss)  # noqa: SLF001
    }
    usual = [found[key] for key in ("ema", "model", "module", "net") if key in found]
    return next(iter([*usual, *found.values()]), None)


def _with_weights(held: Any, job: Job) -> Model:
    assert job.code is not None
    module = make_module(job.code)
    remarks = weights.put_into(module, held, job.source.name)
    model = _bound(module, job, "module")
    again = make_module(job.code)
    weights.put_into(again, held, job.source.name)
    _refuse_other_answers(model, _bound(again, job, "module"), job)
    return model.remarking(*remarks)


def _refuse_other_answers(model: Model, again: Model, job: Job) -> None:
    """What a class draws at random when it is made, and keeps in no weight, is not in the file: the trained model had other values."""
    assert job.code is not None
    example = {n: as_array(t) for n, t in zip(model.names, model.example, strict=True)}
    if same_answers(model.refuse_random().run(example), again.run(example)):
        return
    raise ConversionRefused(
        f"'{job.code.name}' made twice with the weights in {job.source.name} gives different values: it draws something at random "
        "that the file does not hold, so it is not the model that was saved",
        "Register what is drawn with self.register_buffer (persistent), save the weights again, or save the model with torch.export.save.",
    )


def _bound(module: nn.Module, job: Job, kind: str) -> Model:
    assert job.sample is not None
    _refuse_quantised(module, job.source.name)
    narrow = floating_type(module)
    if narrow in _NARROW:
        module = module.float()
    model = bind(module, job.sample, kind)
    if narrow in _NARROW:
        return model.remarking(
            f"the weights are {_word(narrow)}; the ONNX model and the comparison compute with them in float32"
        )
    return model


def _refuse_quantised(module: nn.Module, name: str) -> None:
    for part in module.modules():
        if type(part).__module__.startswith(("torch.ao.nn.quantized.", "torch.nn.quantized.")):
            raise ConversionRefused(
                f"{name} has layers that torch.ao.quantization has quantised ({type(part).__name__}); "
                "PyTorch exports none of these to ONNX",
                weights.QUANTISED_REMEDY,
            )


def _devices(program: torch.export.ExportedProgram) -> set[str]:
    held = [*program.state_dict.values(), *program.constants.values()]
    return {tensor.device.type for tensor in held if isinstance(tensor, torch.Tensor)}


def _of_sample(model: Model, sample: Mapping[str, Any]) -> tuple[torch.Tensor, ...]:
    assert model.program is not None
    described = zip(
        model.names,
        capture.types_of(model.program),
        capture.sizes_of(model.program),
        strict=True,
    )
    known = [
        TensorInput(
            name,
            "float32" if kind == "bfloat16" else kind,
            tuple(size if isinstance(size, int) else None for size in shape),
            batched=bool(shape) and not isinstance(shape[0], int),
        )
        for name, kind, shape in described
    ]
    arrays = sample_tensors(sample, known)
    return tuple(as_tensor(arrays[name]) for name in model.names)


def _of_shapes(model: Model) -> tuple[torch.Tensor, ...]:
    """An example of ones for a program that keeps none."""
    assert model.program is not None
    described = zip(capture.types_of(model.program), capture.sizes_of(model.program), strict=True)
    return tuple(
        torch.ones([capture.hint_of(size) for size in shape], dtype=getattr(torch, kind))
        for kind, shape in described
    )


def _word(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")
