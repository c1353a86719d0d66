"""From the user's arrays to a module's arguments: which array is which parameter, and of what type."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from onnxport.converter.inside.torch.model import Arrange, Model, as_tensor, evaluating, flat
from onnxport.converter.inside.torch.user_code import said_by
from onnxport.converter.interface import ConversionRefused


@dataclass(frozen=True)
class Parameters:
    """What a module's forward takes: names in order, which of them are required, which go by name only, and whether others may follow."""

    names: tuple[str, ...]
    required: tuple[str, ...]
    only_by_name: frozenset[str] = frozenset()
    more: bool = False
    more_named: bool = False


@dataclass(frozen=True)
class _Way:
    """One way of giving arrays to a module; `guessed` where it is one that nobody asked for, whose errors say nothing."""

    names: tuple[str, ...]
    arrays: tuple[Any, ...]
    arrange: Arrange
    guessed: bool = False


def bind(module: nn.Module, sample: Mapping[str, Any], kind: str) -> Model:
    """The module with the sample as its inputs: by name, in order, as columns of one matrix, or as one dictionary or list.

    Numbers become the module's floating type, whole numbers stay. The first way in which the module runs is taken; raises
    `ConversionRefused` with what it said where it runs in none.
    """
    parameters = parameters_of(module)
    floating = floating_type(module)
    first: str | None = None
    for way in _ways(parameters, sample):
        for tensors in _typed(way.arrays, floating):
            wrapped = flat(module, way.names, way.arrange)
            try:
                with evaluating(wrapped):
                    wrapped(*tensors)
            except ConversionRefused:
                raise
            except Exception as error:  # whatever the user's forward raises
                first = first or (None if way.guessed else said_by(error))
                continue
            return Model(wrapped, way.names, tensors, kind)
    taken = ", ".join(parameters.names) or "nothing"
    given = ", ".join(f"{name} {list(array.shape)}" for name, array in list(sample.items())[:6])
    said = f"; it said: {first}" if first else ""
    raise ConversionRefused(
        f"the model does not run on the sample: it takes {taken}, the sample holds {given}{said}",
        "Give one array per input with --sample, under the names of forward's parameters or in their order, with a batch of rows.",
    )


def parameters_of(module: nn.Module) -> Parameters:
    """The parameters of forward, from its Python signature or from TorchScript's schema."""
    if isinstance(module, torch.jit.ScriptModule):
        # Its Python signature says nothing.
        taken = module._c._get_method("forward").schema.arguments[1:]  # noqa: SLF001
        names = tuple(argument.name for argument in taken)
        return Parameters(
            names,
            tuple(a.name for a in taken if not a.has_default_value()),
            frozenset(a.name for a in taken if a.kwarg_only),
        )
    found = inspect.signature(module.forward).parameters.values()
    plain = [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return Parameters(
        tuple(p.name for p in plain),
        tuple(p.name for p in plain if p.default is p.empty),
        frozenset(p.name for p in plain if p.kind is p.KEYWORD_ONLY),
        more=any(p.kind is p.VAR_POSITIONAL for p in found),
        more_named=any(p.kind is p.VAR_KEYWORD for p in found),
    )


def defaults_after(module: torch.jit.ScriptModule, count: int) -> tuple[Any, ...]:
    """What TorchScript takes for the parameters behind the first few."""
    taken = module._c._get_method("forward").schema.arguments[1:]  # noqa: SLF001
    return tuple(argument.default_value for argument in taken[count:])


def floating_type(module: nn.Module) -> torch.dtype:
    """The floating type of a module's weights."""
    held = [*module.parameters(), *module.buffers()]
    return next((t.dtype for t in held if t.dtype.is_floating_point), torch.float32)


def _ways(parameters: Parameters, sample: Mapping[str, Any]) -> Iterator[_Way]:
    given = tuple(sample)
    arrays = tuple(np.asarray(sample[name]) for name in given)
    known = set(given) <= set(parameters.names) or parameters.more_named
    if known and set(parameters.required) <= set(given):
        order = tuple(sorted(given, key=(*parameters.names, *given).index))
        by_name = tuple(np.asarray(sample[name]) for name in order)
        yield _Way(order, by_name, _arranged(order, parameters))
    enough = len(parameters.required) <= len(given)
    if enough and (len(given) <= len(parameters.names) or parameters.more):
        names = (*parameters.names, *given)[: len(given)] if not parameters.more else given
        names = tuple(names)
        yield _Way(names, arrays, _in_order if parameters.more else _arranged(names, parameters))
    if len(given) > 1 and len(parameters.required) == 1:
        only = parameters.required[0]
        if all(array.ndim == 1 for array in arrays) and len({len(a) for a in arrays}) == 1:
            yield _Way((only,), (np.stack(arrays, axis=1),), _in_order, guessed=True)
        yield _Way(given, arrays, _as_dictionary(given), guessed=True)
        yield _Way(given, arrays, lambda tensors: ((list(tensors),), {}), guessed=True)


def _in_order(tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return tuple(tensors), {}


def _as_dictionary(names: Sequence[str]) -> Arrange:
    return lambda tensors: ((dict(zip(names, tensors, strict=True)),), {})


def _arranged(names: Sequence[str], parameters: Parameters) -> Arrange:
    """In order as far as forward takes them so, the rest by name."""
    in_order = tuple(names) == parameters.names[: len(names)]
    count = sum(in_order and name not in parameters.only_by_name for name in names)
    rest = names[count:]
    return lambda tensors: (tuple(tensors[:count]), dict(zip(rest, tensors[count:], strict=True)))


def _typed(arrays: Sequence[Any], floating: torch.dtype) -> Iterator[tuple[torch.Tensor, ...]]:
    """The arrays as tensors: as they are, then whole numbers as floating ones, then the other way round (text files say no types)."""
    for array in arrays:
        if array.dtype.kind not in "biuf":
            raise ConversionRefused(
                f"the sample holds values of type {array.dtype}, a PyTorch model takes numbers",
                "Give numbers with --sample.",
            )
    plain = tuple(_tensor(array, floating) for array in arrays)
    yield plain
    if any(_is_whole(tensor) for tensor in plain):
        yield tuple(t.to(floating) if _is_whole(t) else t for t in plain)
    if any(_could_be_whole(array) for array in arrays):
        yield tuple(
            torch.from_numpy(array.astype(np.int64)) if _could_be_whole(array) else tensor
            for array, tensor in zip(arrays, plain, strict=True)
        )


def _tensor(array: Any, floating: torch.dtype) -> torch.Tensor:
    tensor = as_tensor(array)
    return tensor.to(floating) if tensor.dtype.is_floating_point else tensor


def _is_whole(tensor: torch.Tensor) -> bool:
    return not tensor.dtype.is_floating_point and tensor.dtype is not torch.bool


def _could_be_whole(array: Any) -> bool:
    return array.dtype.kind == "f" and bool(np.all(array == np.floor(array)))
