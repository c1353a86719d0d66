"""Putting a module of the user's process into a file; runs there, with the user's PyTorch."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from onnxport.converter.inside.torch import capture
from onnxport.converter.inside.torch.binding import bind, floating_type, parameters_of
from onnxport.converter.inside.torch.model import Model, as_array, evaluating
from onnxport.converter.inside.torch.user_code import said_by
from onnxport.converter.interface import Case, ConversionRefused

_NARROW = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Saved:
    """The file, a program or else TorchScript; the example by input names; the module's own answer to it; remarks."""

    source: Path
    is_program: bool
    sample: Mapping[str, Any] | None = None
    cases: tuple[Case, ...] = ()
    remarks: tuple[str, ...] = ()


def save(model: Any, example: Any, folder: Path) -> Saved:
    """The module as an exported program; as TorchScript where it cannot be recorded so. Raises `ConversionRefused`."""
    if not isinstance(model, nn.Module):
        program = folder / "model.pt2"
        torch.export.save(model, program)
        return Saved(program, is_program=True)
    if example is None:
        raise ConversionRefused(
            f"the {type(model).__name__} does not say what inputs it takes",
            "Give an example: onnxport.convert(model, example), an array or arrays by the names of forward's parameters.",
        )
    bound = bind(_on_cpu(model), _by_name(model, example), "module")
    arrays = {
        name: as_array(tensor) for name, tensor in zip(bound.names, bound.example, strict=True)
    }
    case = Case("sample", arrays, bound.run(arrays), batched=_is_batched(bound, arrays))
    if isinstance(model, torch.jit.ScriptModule):
        source = folder / "model.pt"
        torch.jit.save(bound.flat.inner, source)
        return Saved(source, False, arrays, (case,))
    narrow = floating_type(model)
    if narrow in _NARROW:
        word = str(narrow).removeprefix("torch.")
        bound = bound.remarking(
            f"the module is {word}; the ONNX model and the comparison compute in float32"
        )
    return _saved(bound, arrays, case, folder)


def _saved(model: Model, arrays: Mapping[str, Any], case: Case, folder: Path) -> Saved:
    try:
        program, remarks = capture.capture(model)
        source = folder / "model.pt2"
        torch.export.save(program, source)
        return Saved(source, True, arrays, (case,), (*model.remarks, *remarks))
    except Exception as error:  # torch.export of the user's version
        first = error
    source = folder / "model.pt"
    try:
        with evaluating(model.flat):
            torch.jit.script(model.flat.inner).save(source)
    except Exception:  # most modules cannot be scripted; the first error says more
        raise ConversionRefused(
            f"the {type(model.flat.inner).__name__} can be recorded neither by torch.export nor by torch.jit.script: {said_by(first)}",
            "Change what it names in the model's forward.",
        ) from first
    return Saved(source, False, arrays, (case,), model.remarks)


def _on_cpu(module: nn.Module) -> nn.Module:
    """The module itself where it is on the CPU in float32 or float64, else a copy that is."""
    held = [*module.parameters(), *module.buffers()]
    narrow = floating_type(module) in _NARROW
    if not narrow and all(tensor.device.type == "cpu" for tensor in held):
        return module
    moved = copy.deepcopy(module).cpu()
    return moved.float() if narrow else moved


def _by_name(module: nn.Module, example: Any) -> dict[str, Any]:
    """The example as arrays by name; those of a tuple get the names of the parameters."""
    if isinstance(example, Mapping):
        return {str(name): _array(value) for name, value in example.items()}
    if hasattr(example, "to_numpy"):
        # A data frame is one matrix for a PyTorch model.
        return {_first(module, 0): np.asarray(example.to_numpy())}
    values = example if isinstance(example, tuple) else (example,)
    return {_first(module, at): _array(value) for at, value in enumerate(values)}


def _first(module: nn.Module, at: int) -> str:
    names = parameters_of(module).names
    return names[at] if at < len(names) else f"input_{at}"


def _array(value: Any) -> Any:
    return as_array(value) if isinstance(value, torch.Tensor) else np.asarray(value)


def _is_batched(model: Model, arrays: Mapping[str, Any]) -> bool:
    rows = capture.batch_of(model.example)
    outputs = model.run(arrays).values()
    return all(array.ndim and len(array) == rows for array in [*arrays.values(), *outputs])
