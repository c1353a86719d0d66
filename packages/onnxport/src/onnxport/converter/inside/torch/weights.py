"""Reading weights without running code, finding them in checkpoints, and putting them into the user's module."""

import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from onnxport.converter.interface import ConversionRefused

Weights = Mapping[str, torch.Tensor]
QUANTISED_REMEDY = "Convert the model as it was before it was quantised; ONNX Runtime can quantise the result (onnxruntime.quantization)."
_DEEPEST = 3
_MOST_STAND_INS = 256
_NOT_ALLOWED = re.compile(r"GLOBAL ([\w.]+) was not an allowed global")
_UNSUPPORTED = re.compile(r"(Unsupported|Trying to|Can only)[^\n]{0,120}")
_USUAL_NAMES = ("state_dict", "model_state_dict", "model", "module", "net", "network", "weights")


def read_pickled(source: Path) -> Any:
    """What `torch.save` wrote, without running code of it: objects that are not tensors or plain values become inert stand-ins.

    Raises `ConversionRefused` where that cannot be.
    """
    stand_ins: dict[str, type] = {"builtins.getattr": _Looked, "": _Inert}
    while len(stand_ins) < _MOST_STAND_INS:
        allowed: Any = [(kind, name) for name, kind in stand_ins.items()]
        try:
            with torch.serialization.safe_globals(allowed), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return torch.load(source, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            unknown = _NOT_ALLOWED.search(str(error))
            if unknown is None or unknown[1] in stand_ins:
                raise _holds_more(source, str(error)) from None
            stand_ins[unknown[1]] = type(unknown[1].rpartition(".")[2], (_Inert,), {})
    raise _holds_more(source, f"objects of more than {_MOST_STAND_INS} kinds")


def _holds_more(source: Path, said: str) -> ConversionRefused:
    found = _UNSUPPORTED.search(said)
    what = found[0] if found else " ".join(said.split())[:120]
    return ConversionRefused(
        f"the weights in {source.name} cannot be read without running code that is in the file ({what})",
        "Save the weights alone: torch.save(model.state_dict(), FILE); "
        "or, if you know where the file comes from and vouch for it, run again with --trust.",
    )


def read_safetensors(source: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file."""
    from safetensors.torch import load_file

    tensors: dict[str, torch.Tensor] = load_file(source)
    return tensors


def put_into(module: nn.Module, held: Any, name: str) -> tuple[str, ...]:
    """Load the weights that a file holds into a module; return remarks. Raises `ConversionRefused` where they do not fit.

    Checkpoints that hold them under a name, and prefixes of wrappers (`module.`), are seen through.
    """
    found = list(_candidates(held))
    if not found:
        raise ConversionRefused(
            f"{name} holds no weights by name: it holds {_described(held)}",
            "Save them with torch.save(model.state_dict(), FILE).",
        )
    if any(tensor.is_meta for _, weights in found for tensor in weights.values()):
        raise ConversionRefused(
            f"{name} holds tensors without values (on the device 'meta')",
            "Save the weights after they were loaded or trained.",
        )
    wanted = module.state_dict()
    fits = [(_fit(wanted, weights), path) for path, weights in found]
    (matched, prefix, weights), path = max(fits, key=lambda entry: entry[0][0])
    weights = {**_tied(wanted, weights), **weights}
    _refuse_misfit(wanted, weights, type(module).__name__, name)
    module.load_state_dict(weights, strict=False)
    rivals = [other for fit, other in fits if other != path and fit[0] == matched]
    if rivals:
        return (
            f"the weights under '{path}' were taken; it also holds fitting ones under '{rivals[0]}'",
        )
    return (f"the weights were taken from '{path}{prefix}'",) if path or prefix else ()


class _Inert:
    """Stands for an object that is no weight: takes everything, does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass

    def __setitem__(self, _: Any, __: Any) -> None:
        pass


class _Looked:
    """Stands for `getattr`: whatever is looked up is inert, and may be called."""

    def __new__(cls, *_: Any) -> Any:
        return _Inert


def _candidates(held: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Weights]]:
    """Every dictionary of tensors in what a file holds, the usual places first."""
    if not isinstance(held, Mapping) or depth > _DEEPEST:
        return
    tensors = {
        key: value
        for key, value in held.items()
        if isinstance(key, str) and isinstance(value, torch.Tensor)
    }
    if tensors:
        yield path, tensors
    named = [key for key in held if isinstance(key, str)]
    for key in sorted(named, key=lambda key: key not in _USUAL_NAMES):
        yield from _candidates(held[key], f"{path}{key}.", depth + 1)


def _fit(wanted: Weights, weights: Weights) -> tuple[int, str, Weights]:
    """How many of the module's tensors are there, the prefix under which they are, and the weights without it."""
    best: tuple[int, str, Weights] = (-1, "", weights)
    for prefix in _prefixes(wanted, weights):
        part = {
            key[len(prefix) :]: value for key, value in weights.items() if key.startswith(prefix)
        }
        matched = sum(key in part and _same_shape(wanted[key], part[key]) for key in wanted)
        best = max(best, (matched, prefix, part), key=lambda entry: entry[0])
    return best


def _tied(wanted: Weights, weights: Weights) -> Weights:
    """What the file leaves out because the module has the same tensor under another name too: safetensors stores such a tensor once."""
    names: dict[tuple[int, torch.Size, tuple[int, ...]], str] = {}
    places = {
        key: (tensor.data_ptr(), tensor.shape, tensor.stride())
        for key, tensor in wanted.items()
        if not isinstance(tensor, nn.parameter.UninitializedTensorMixin) and tensor.numel()
    }
    for key, place in places.items():
        if key in weights:
            names.setdefault(place, key)
    return {
        key: weights[names[place]]
        for key, place in places.items()
        if key not in weights and place in names
    }


def _prefixes(wanted: Weights, weights: Weights) -> set[str]:
    first = next(iter(wanted), "")
    ends = [key for key in weights if first and (key == first or key.endswith("." + first))]
    return {"", *(key[: len(key) - len(first)] for key in ends)}


def _refuse_misfit(wanted: Weights, weights: Weights, kind: str, name: str) -> None:
    bookkeeping = "num_batches_tracked"
    missing = [key for key in wanted if key not in weights and not key.endswith(bookkeeping)]
    extra = [key for key in weights if key not in wanted and not key.endswith(bookkeeping)]
    other = [
        f"{key} {list(weights[key].shape)} instead of {list(wanted[key].shape)}"
        for key in wanted
        if key in weights and not _same_shape(wanted[key], weights[key])
    ]
    said = [
        f"{what}: {', '.join(keys[:4])}{', ...' if len(keys) > 4 else ''}"
        for what, keys in (
            ("missing", missing),
            ("without a place", extra),
            ("of another shape", other),
        )
        if keys
    ]
    if said and any(key.endswith("zero_point") for key in extra):
        raise ConversionRefused(
            f"the weights in {name} are of layers that torch.ao.quantization has quantised; PyTorch exports none of these to ONNX",
            QUANTISED_REMEDY,
        )
    if said:
        raise ConversionRefused(
            f"the weights in {name} do not fit the class {kind}; {'; '.join(said)}",
            "Name the class that they were saved from with --code, with the same arguments (--code-args).",
        )


def _same_shape(wanted: torch.Tensor, given: torch.Tensor) -> bool:
    uninitialised = isinstance(wanted, nn.parameter.UninitializedTensorMixin)
    return uninitialised or wanted.shape == given.shape


def _described(held: Any) -> str:
    if isinstance(held, Mapping):
        keys = [str(key) for key in held]
        return f"a dictionary of {', '.join(keys[:6])}" if keys else "an empty dictionary"
    return f"a {type(held).__name__}"
