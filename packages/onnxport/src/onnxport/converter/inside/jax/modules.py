"""The user's Flax module with the weights of a file, as a function of arrays."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import linen, serialization

from onnxport.converter.inside.jax.tracing import said
from onnxport.converter.interface import Code, ConversionRefused

# What modules call the switch between training and use, and its setting for use.
_SWITCHES = {"train": False, "training": False, "is_training": False, "deterministic": True}
_SWITCHES |= {"use_running_average": True, "inference": True, "eval": True}
# Beside the weights in the file of a training state.
_OF_TRAINING = {"step", "opt_state"}


def make_module(code: Code) -> linen.Module:
    """The module that the user's class or function makes."""
    found = _found(code)
    try:
        made = found if isinstance(found, linen.Module) else found(*code.positional, **code.named)
    except Exception as error:  # whatever the user's code raises
        raise ConversionRefused(
            f"{code.name} of {code.file.name} could not be made: {said(error)}",
            """Give its arguments with --code-args '[10, "relu"]' or '{"features": 10}'.""",
        ) from error
    if not isinstance(made, linen.Module):
        raise ConversionRefused(
            f"{code.name} of {code.file.name} gives a {type(made).__name__}, not a flax.linen.Module",
            "Name the module's class, or a function that returns one. For flax.nnx call onnxport.convert with the module itself.",
        )
    return made


def inputs_of(module: linen.Module, sample: Mapping[str, Any]) -> dict[str, Any]:
    """The sample's arrays by the names of the module's arguments, in the types that JAX computes in."""
    names = [name for name in inspect.signature(type(module).__call__).parameters if name != "self"]
    names = [name for name in names if name not in _SWITCHES]
    if set(sample) <= set(names):
        found = {name: sample[name] for name in names if name in sample}
    elif len(sample) <= len(names):
        found = dict(zip(names, sample.values(), strict=False))
    else:
        raise ConversionRefused(
            f"the sample holds {', '.join(sample)}; {type(module).__name__} takes {', '.join(names)}",
            "Give one array per argument, under these names or in this order.",
        )
    return {name: as_jax(array) for name, array in found.items()}


def as_jax(array: Any) -> Any:
    """An array in the type in which JAX takes it, as numpy's."""
    return np.asarray(array).astype(jax.dtypes.canonicalize_dtype(np.asarray(array).dtype))


def function_of(
    module: linen.Module, source: Path, inputs: Mapping[str, Any]
) -> Callable[..., Any]:
    """The module with the file's weights, set to use and not to training."""
    switches = _switches_of(module)
    variables = _variables(serialization.msgpack_restore(source.read_bytes()))
    _check(module, source, variables, inputs, switches)

    def apply(*arrays: Any) -> Any:
        named = dict(zip(inputs, arrays, strict=True))
        return module.apply(variables, **named, **switches)

    return apply


def _found(code: Code) -> Any:
    spec = importlib.util.spec_from_file_location(code.file.stem, code.file)
    if spec is None or spec.loader is None:
        raise ConversionRefused(
            f"{code.file.name} is no Python file", "Write --code FILE.py:CLASS."
        )
    sys.path.append(str(code.file.parent))
    found: Any = importlib.util.module_from_spec(spec)
    sys.modules[code.file.stem] = found
    try:
        spec.loader.exec_module(found)
        for part in code.name.split("."):
            found = getattr(found, part)
    except Exception as error:  # whatever the user's file raises
        raise ConversionRefused(
            f"{code.name} could not be taken from {code.file.name}: {said(error)}",
            "The file must be importable on its own; add packages that it needs with --with.",
        ) from error
    return found


def _switches_of(module: linen.Module) -> dict[str, bool]:
    parameters = inspect.signature(type(module).__call__).parameters
    return {name: value for name, value in _SWITCHES.items() if name in parameters}


def _variables(restored: Any) -> dict[str, Any]:
    """The collections of a file that holds them all, the parameters alone, or a training state."""
    state = {name: value for name, value in restored.items() if name not in _OF_TRAINING}
    if "params" not in state:
        return {"params": state}
    if isinstance(state["params"], dict) and "params" in state["params"]:
        return {**state, **state["params"]}
    return {name: value for name, value in state.items() if isinstance(value, dict)}


def _check(
    module: linen.Module,
    source: Path,
    variables: Mapping[str, Any],
    inputs: Mapping[str, Any],
    switches: Mapping[str, bool],
) -> None:
    """Raise `ConversionRefused` where the weights are not those of the module for such inputs."""
    name = type(module).__name__
    try:
        keys = {"params": jax.random.key(0), "dropout": jax.random.key(1)}
        wanted = jax.eval_shape(lambda: module.init(keys, **inputs, **switches))
    except Exception as error:  # whatever the user's module raises
        shapes = {key: list(array.shape) for key, array in inputs.items()}
        raise ConversionRefused(
            f"{name} does not take the sample ({shapes}): {said(error)}",
            "Give a sample of the shapes that the model was trained on.",
        ) from error
    needed, held = _shapes(wanted), _shapes(variables)
    for path, shape in needed.items():
        if held.get(path) != shape:
            found = "holds no such array" if path not in held else f"holds {list(held[path])}"
            raise ConversionRefused(
                f"{source.name} does not fit {name}: it needs {path} of shape {list(shape)}, the file {found}",
                "Give the class and the arguments that the weights were trained with (--code, --code-args).",
            )
    extra = sorted(path for path in set(held) - set(needed) if path.startswith("params/"))
    if extra:
        raise ConversionRefused(
            f"{source.name} does not fit {name}: it holds {extra[0]}, which the module does not have",
            "Give the class and the arguments that the weights were trained with (--code, --code-args).",
        )


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(serialization.to_state_dict(tree))
    return {
        "/".join(str(part.key) for part in path): tuple(np.shape(leaf)) for path, leaf in leaves
    }
