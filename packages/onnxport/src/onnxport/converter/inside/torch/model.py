"""One shape for all that PyTorch can run: a module that takes tensors in a fixed order and gives tensors by name."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from onnxport.converter.interface import ConversionRefused

Arrange = Callable[[Sequence[Any]], tuple[tuple[Any, ...], dict[str, Any]]]
"""Makes positional and named arguments of the tensors."""


@dataclass(frozen=True)
class Model:
    """What is converted.

    `flat` takes tensors in the order of `names`; `example` is such tensors, empty where none are known. `kind` is `program`, `script` or
    `module`; `program` is the exported program of the first.
    """

    flat: "Flat"
    names: tuple[str, ...]
    example: tuple[torch.Tensor, ...]
    kind: str
    program: torch.export.ExportedProgram | None = None
    remarks: tuple[str, ...] = ()

    def run(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """The framework's own answer: arrays by output name."""
        tensors = [as_tensor(arrays[name]) for name in self.names]
        with evaluating(self.flat):
            return {name: as_array(tensor) for name, tensor in self.answer(tensors).items()}

    def answer(self, tensors: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
        """The module's tensors by output name; one that is called like an input (a state, say) gets `_out` behind its name."""
        found = named(self.flat(*tensors))
        return {f"{n}_out" if n in self.names else n: tensor for n, tensor in found.items()}

    def refuse_random(self) -> "Model":
        """The model itself; raises `ConversionRefused` where it answers the same question in two ways."""
        example = {n: as_array(t) for n, t in zip(self.names, self.example, strict=True)}
        first, second = self.run(example), self.run(example)
        for name in first:
            if not same_answers({name: first[name]}, second):
                raise ConversionRefused(
                    f"the model gives other values of '{name}' for the same input each time: it draws random numbers",
                    "Put it into evaluation mode before it is saved (model.eval()), or take the random numbers out of its forward.",
                )
        return self

    def remarking(self, *remarks: str) -> "Model":
        """The same with more remarks."""
        return replace(self, remarks=(*self.remarks, *remarks))


class Flat(nn.Module):  # type: ignore[misc]
    """Calls a module with tensors in a fixed order, and gives its tensors by name (the tensor itself where there is one).

    With `as_tuple` it gives them without names, which is what tracing can follow. Made by `flat`.
    """

    def __init__(self, inner: nn.Module, arrange: Arrange, *, as_tuple: bool) -> None:
        super().__init__()
        self.inner = inner
        self.arrange = arrange
        self.as_tuple = as_tuple

    def train(self, mode: bool = True) -> Self:
        """Nothing: a program cannot be trained, and the modes of all else are set by `evaluating`."""
        del mode
        return self

    def answer(self, *tensors: Any) -> Any:
        """The module's answer."""
        arguments, keywords = self.arrange(tensors)
        found = named(self.inner(*arguments, **keywords))
        if self.as_tuple:
            return tuple(found.values())
        return found if len(found) > 1 else next(iter(found.values()))


def flat(
    inner: nn.Module, names: Sequence[str], arrange: Arrange, *, as_tuple: bool = False
) -> Flat:
    """A module of its own class: torch.export takes the inputs' names from the signature of the class's forward."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    words = ["self", *(n if n.isidentifier() else f"x{at}" for at, n in enumerate(names))]

    def forward(self: Flat, *tensors: Any) -> Any:
        return self.answer(*tensors)

    signature = inspect.Signature([inspect.Parameter(word, kind) for word in words])
    forward.__signature__ = signature  # type: ignore[attr-defined]
    made: Flat = type("Flat", (Flat,), {"forward": forward})(inner, arrange, as_tuple=as_tuple)
    return made


def named(answer: Any) -> dict[str, torch.Tensor]:
    """The tensors in what a module gives: `output`, `output_0`, ..., or the names of a dictionary, named tuple or data class.

    Raises `ConversionRefused` where there is none.
    """
    found: dict[str, torch.Tensor] = {}
    for path, tensor in _tensors_in(answer, ""):
        name = path or "output"
        found[name if name not in found else f"{name}_{len(found)}"] = tensor
    if not found:
        raise ConversionRefused(
            f"the model gives a {type(answer).__name__} without a tensor in it",
            "Let its forward return tensors, or a tuple or dictionary of them.",
        )
    return found


def same_answers(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether all arrays of the first are in the second, bit for bit."""
    return all(
        np.array_equal(array, second[name], equal_nan=array.dtype.kind in "fc")
        for name, array in first.items()
    )


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Without gradients, in evaluation mode, and without the fused attention that only runs so and leaves out padded places.

    The training flags of all parts are put back afterwards.
    """
    flags = [(part, part.training) for part in module.modules()]
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        for part, _ in flags:
            part.training = False
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for part, flag in flags:
            part.training = flag


def as_tensor(array: Any) -> torch.Tensor:
    """A tensor of an array, with its own memory."""
    if isinstance(array, torch.Tensor):
        return array.detach().cpu()
    return torch.from_numpy(np.array(array, order="C"))


def as_array(tensor: torch.Tensor) -> Any:
    """The array of a tensor; numpy has no bfloat16, so that becomes float32."""
    plain = tensor.detach().cpu()
    return (plain.float() if plain.dtype is torch.bfloat16 else plain).numpy()


def _tensors_in(value: Any, path: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield path, value
        return
    for name, part in _parts_of(value):
        if isinstance(part, torch.Tensor) or list(_parts_of(part)):
            top = path or ("" if not name.isdecimal() else "output")
            yield from _tensors_in(part, f"{top}_{name}" if top else name)


def _parts_of(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(name), part) for name, part in value.items())
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    elif isinstance(value, (tuple, list)):
        yield from ((str(at), part) for at, part in enumerate(value))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))
