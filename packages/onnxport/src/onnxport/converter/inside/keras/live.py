"""Live Keras models, put into a `.keras` file. Runs in the user's process, with the user's Keras."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.keras.graph import caller, flat, output_names, specs_of
from onnxport.converter.inside.tensorflow.traced import distinct
from onnxport.converter.interface import Arrays, Case, ConversionRefused


def save_live(model: Any, example: Any, place: Path) -> tuple[Arrays | None, Case | None]:
    """Save the model; return the example by the names of its inputs, and what the model gave for it."""
    arrays = None if example is None else _arrays(example)
    if arrays is not None and not getattr(model, "built", True):
        _build(model, arrays)
    try:
        model.save(str(place))
    except (ValueError, NotImplementedError, TypeError) as error:
        said = " ".join(str(error).split())[:300]
        raise ConversionRefused(
            f"the {type(model).__name__} cannot be saved by Keras: {said}",
            "Call it once on data, give its layers a get_config, or build it of Keras's own layers.",
        ) from None
    if arrays is None:
        return None, None
    names = distinct([name for name, _, _ in specs_of(model, None, arrays)])
    sample = _by_name(arrays, names)
    made = caller(model, list(names))(*sample.values())
    outputs = distinct(output_names(model, made), names)
    answers = [_to_numpy(tensor) for tensor in flat(made)]
    expected = dict(zip(outputs, answers, strict=True))
    return sample, Case("sample", sample, expected, batched=_has_rows(sample, expected))


def _build(model: Any, arrays: Arrays) -> None:
    """Let the layers make their weights: a chain of layers for any number of rows, others by a call."""
    if type(model).__name__ == "Sequential" and len(arrays) == 1:
        array = next(iter(arrays.values()))
        model.build((None, *array.shape[1:]))
        return
    caller(model, list(arrays))(*arrays.values())


def _arrays(example: Any) -> dict[str, Any]:
    if isinstance(example, Mapping) or hasattr(example, "columns"):
        return {str(name): np.asarray(example[name]) for name in example}
    given = example if isinstance(example, tuple) else (example,)
    return {f"input_{at}": np.asarray(array) for at, array in enumerate(given)}


def _by_name(arrays: Arrays, names: tuple[str, ...]) -> dict[str, Any]:
    if set(names) <= set(arrays):
        return {name: arrays[name] for name in names}
    if len(arrays) != len(names):
        raise ConversionRefused(
            f"the example holds {len(arrays)} arrays, the model takes {', '.join(names)}",
            "Give one array per input.",
        )
    return dict(zip(names, arrays.values(), strict=True))


def _to_numpy(tensor: Any) -> Any:
    """Of TensorFlow, PyTorch or JAX, whichever Keras runs on."""
    plain = tensor.detach().cpu() if hasattr(tensor, "detach") else tensor
    return np.asarray(plain)


def _has_rows(sample: Arrays, expected: Arrays) -> bool:
    sizes = {array.shape[:1] for array in (*sample.values(), *expected.values())}
    return len(sizes) == 1 and sizes != {()}
