"""Functions and modules of the user's process: exported there, because a function cannot be taken elsewhere."""

import importlib.metadata
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxport.converter.inside.jax.answers import cases, has_rows
from onnxport.converter.inside.jax.modules import as_jax
from onnxport.converter.inside.jax.tracing import Function, Traced, to_onnx
from onnxport.converter.interface import Case, ConversionRefused

_WAYS = ((True, False), (True, True), (False, False), (False, True))
_PACKAGES = ("jax", "jaxlib", "flax", "jax2onnx", "onnx", "numpy")


@dataclass(frozen=True)
class LiveExport:
    """What was made of a function: the model, what JAX said, and the example as it was used."""

    traced: Traced
    cases: tuple[Case, ...]
    example: Mapping[str, Any]
    free_batch: bool


def export_live(model: Any, example: Any) -> LiveExport:
    """Trace and export: with free rows where it can be, with a fixed number of them where not. Raises `ConversionRefused`."""
    function = _function_of(model)
    inputs = _inputs(model, example)
    failures: list[ConversionRefused] = []
    for free_batch, by_layers in _WAYS:
        if free_batch and not has_rows(inputs):
            continue
        try:
            traced = to_onnx(
                function, inputs, free_batch=free_batch, by_layers=by_layers, opset=None
            )
        except ConversionRefused as refused:
            failures.append(refused)
            continue
        names = [output.name for output in traced.outputs]
        answered = tuple(cases(function, inputs, names, free_batch=free_batch))
        return LiveExport(traced, answered, inputs, free_batch)
    raise failures[0]


def versions() -> dict[str, str]:
    """The packages of this process that took part."""
    found = {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions()}
    return {name: found[name] for name in _PACKAGES if name in found}


def _function_of(model: Any) -> Function:
    names = {f"{c.__module__}.{c.__qualname__}" for c in type(model).__mro__}
    if "flax.nnx.module.Module" in names:
        from flax import nnx

        # A copy, set to use and not to training: the user's own stays as it is.
        copied = nnx.merge(*nnx.split(model))
        copied.eval()
        return lambda *arrays: copied(*arrays)
    if "flax.linen.module.Module" in names and model.scope is None:
        raise ConversionRefused(
            f"this {type(model).__name__} is a flax.linen module without weights",
            "Give a function with them, lambda x: module.apply(variables, x), or module.bind(variables).",
        )
    return model  # type: ignore[no-any-return]


def _inputs(model: Any, example: Any) -> dict[str, Any]:
    if example is None:
        raise ConversionRefused(
            "a JAX function does not say which arrays it takes",
            "Give an example: onnxport.convert(function, x), or a tuple of arrays for several arguments.",
        )
    if isinstance(example, Mapping):
        return {str(name): as_jax(array) for name, array in example.items()}
    arrays = example if isinstance(example, tuple) else (example,)
    names = _arguments(model)
    if len(names) < len(arrays):
        names = [f"x{place}" for place in range(len(arrays))]
    return {name: as_jax(np.asarray(array)) for name, array in zip(names, arrays, strict=False)}


def _arguments(model: Any) -> list[str]:
    try:
        parameters = inspect.signature(model).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
