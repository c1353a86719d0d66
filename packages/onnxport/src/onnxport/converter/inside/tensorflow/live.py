"""TensorFlow's live objects, put into a SavedModel. Runs in the user's process, with the user's TensorFlow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onnxport.converter.inside.tensorflow.traced import to_array
from onnxport.converter.interface import Arrays, Case, ConversionRefused

_GIVE_EXAMPLE = (
    "Give inputs as onnxport.convert(model, example), or an input_signature to the tf.function."
)


def save_live(model: Any, example: Any, folder: Path) -> tuple[Arrays | None, Case | None]:
    """Save the object's function; return the example by the names of its inputs, and what the object gave for it."""
    import tensorflow as tf

    signatures = getattr(model, "signatures", None)
    if signatures:
        tf.saved_model.save(model, str(folder), signatures=dict(signatures))
        name = "serving_default" if "serving_default" in signatures else next(iter(signatures))
        signature = signatures[name]
    else:
        signature = _concrete(tf, model, example)
        holder = tf.Module()
        # The variables of a module are found through it.
        holder.model = model if isinstance(model, tf.Module) else None
        holder.function = signature
        tf.saved_model.save(holder, str(folder), signatures=signature)
    served = tf.saved_model.load(str(folder)).signatures
    serving = served.get("serving_default") or next(iter(served.values()))
    names = list(serving.structured_input_signature[1])
    if example is None:
        return None, None
    sample = _by_name(example, names)
    specs = serving.structured_input_signature[1]
    tensors = {name: tf.constant(sample[name], specs[name].dtype) for name in names}
    # The names are the saved function's; the answer is the live one's.
    answers = signature(**tensors) if signatures else _answer(tf, signature, tensors)
    expected = {name: to_array(value) for name, value in answers.items()}
    return sample, Case("sample", sample, expected, batched=_has_rows(sample, expected))


def _concrete(tf: Any, model: Any, example: Any) -> Any:
    if not callable(model):
        raise ConversionRefused(
            f"the {type(model).__name__} has no __call__ to convert",
            "Give it one, or convert a tf.function.",
        )
    if hasattr(model, "structured_input_signature"):
        return model
    function = (
        model if hasattr(model, "get_concrete_function") else type(model).__call__.__get__(model)
    )
    if not hasattr(function, "get_concrete_function"):
        function = tf.function(function)
    if getattr(function, "input_signature", None) is not None:
        return function.get_concrete_function()
    if example is None:
        raise ConversionRefused("the function states no inputs", _GIVE_EXAMPLE)
    arrays = _arrays(example)
    specs = [tf.TensorSpec((None, *a.shape[1:]), tf.as_dtype(a.dtype)) for a in arrays.values()]
    if isinstance(example, Mapping):
        return function.get_concrete_function(**dict(zip(arrays, specs, strict=True)))
    return function.get_concrete_function(*specs)


def _answer(tf: Any, function: Any, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
    from onnxport.converter.inside.tensorflow.saved_model import output_names

    made = function(**tensors)
    return dict(zip(output_names(tf, made), tf.nest.flatten(made), strict=True))


def _arrays(example: Any) -> dict[str, Any]:
    import numpy as np

    if isinstance(example, Mapping) or hasattr(example, "columns"):
        return {str(name): np.asarray(example[name]) for name in example}
    given = example if isinstance(example, tuple) else (example,)
    return {f"input_{at}": np.asarray(array) for at, array in enumerate(given)}


def _by_name(example: Any, names: Sequence[str]) -> dict[str, Any]:
    arrays = _arrays(example)
    if set(names) <= set(arrays):
        return {name: arrays[name] for name in names}
    if len(arrays) != len(names):
        raise ConversionRefused(
            f"the example holds {len(arrays)} arrays, the model takes {', '.join(names)}",
            "Give one array per input.",
        )
    return dict(zip(names, arrays.values(), strict=True))


def _has_rows(sample: Arrays, expected: Arrays) -> bool:
    sizes = {array.shape[:1] for array in (*sample.values(), *expected.values())}
    return len(sizes) == 1 and sizes != {()}
