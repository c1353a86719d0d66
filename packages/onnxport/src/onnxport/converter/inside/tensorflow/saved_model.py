"""SavedModels, of TensorFlow 2 and 1, through the function that serves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from onnxport.converter.inside.tensorflow.runtime import load_tensorflow
from onnxport.converter.inside.tensorflow.saved_model_file import FILE, meta_graphs, served
from onnxport.converter.inside.tensorflow.traced import (
    Arrays,
    Traced,
    distinct,
    to_array,
    to_tensor,
    trace,
)
from onnxport.converter.interface import ConversionRefused

_RESAVE = "Save it with one: tf.saved_model.save(model, folder, signatures=function), where the function has an input signature."


def load_saved_model(folder: Path) -> Traced:
    """The function `serving_default`, the only signature, or where there is none the only function that the model is called by."""
    tf = load_tensorflow()
    found = meta_graphs(folder / FILE) or []
    graph = served(found)
    loaded = tf.saved_model.load(str(folder), tags=list(graph.tags) or None)
    name = graph.chosen()
    if name is not None and name in loaded.signatures:
        return _of_signature(tf, loaded, loaded.signatures[name])
    return _of_call(tf, loaded)


def _of_signature(tf: Any, loaded: Any, signature: Any) -> Traced:
    specs = dict(signature.structured_input_signature[1])
    names = distinct(list(specs))
    wanted = list(signature.structured_outputs)
    outputs = distinct(wanted, names)

    def call(*tensors: Any) -> list[Any]:
        answers = signature(**dict(zip(specs, tensors, strict=True)))
        return [tf.identity(answers[name]) for name in wanted]

    given = [(name, spec.dtype, spec.shape) for name, spec in specs.items()]
    return trace(call, loaded, given, outputs, _runner(tf, call, given, outputs))


def _of_call(tf: Any, loaded: Any) -> Traced:
    function = getattr(loaded, "__call__", None)  # noqa: B004 - a restored object has it only where it was saved
    concrete = list(getattr(function, "concrete_functions", ()))
    if len(concrete) != 1:
        raise ConversionRefused(
            f"the SavedModel has no signature, and {len(concrete) or 'no'} functions to call it by", _RESAVE
        )
    flat = tf.nest.flatten(concrete[0].structured_input_signature)
    specs = [spec for spec in flat if isinstance(spec, tf.TensorSpec)]
    if len(specs) != len(flat):
        raise ConversionRefused("the function that the SavedModel is called by also takes what is no tensor", _RESAVE)
    names = distinct([spec.name or "input" for spec in specs])
    structure = concrete[0].structured_input_signature

    def invoke(*tensors: Any) -> Any:
        positional, named = tf.nest.pack_sequence_as(structure, list(tensors))
        return function(*positional, **named)

    made = concrete[0].structured_outputs
    wanted = sorted(made) if isinstance(made, dict) else None
    count = len(tf.nest.flatten(made))
    called = wanted or (["output"] if count == 1 else [f"output_{at}" for at in range(count)])
    outputs = distinct(called, names)

    def call(*tensors: Any) -> list[Any]:
        answers = invoke(*tensors)
        flat = [answers[name] for name in wanted] if wanted else tf.nest.flatten(answers)
        return [tf.identity(answer) for answer in flat]

    given = [(name, spec.dtype, spec.shape) for name, spec in zip(names, specs, strict=True)]
    return trace(call, loaded, given, outputs, _runner(tf, call, given, outputs))


def _runner(
    tf: Any, call: Callable[..., list[Any]], given: Any, outputs: tuple[str, ...]
) -> Callable[[Arrays], Arrays]:
    def run(arrays: Arrays) -> Arrays:
        tensors = [to_tensor(tf, arrays[name], dtype) for name, dtype, _ in given]
        return {
            name: to_array(answer) for name, answer in zip(outputs, call(*tensors), strict=True)
        }

    return run
