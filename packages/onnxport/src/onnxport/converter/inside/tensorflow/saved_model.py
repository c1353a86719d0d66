"""SavedModels, of TensorFlow 2 and 1, through the function that serves."""

from pathlib import Path
from typing import Any

from onnxport.converter.inside.tensorflow.runtime import load_tensorflow
from onnxport.converter.inside.tensorflow.saved_model_file import FILE, meta_graphs, served
from onnxport.converter.inside.tensorflow.traced import Traced, trace
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
        return _of_signature(loaded, loaded.signatures[name])
    return _of_call(tf, loaded)


def _of_signature(loaded: Any, signature: Any) -> Traced:
    specs = dict(signature.structured_input_signature[1])
    wanted = list(signature.structured_outputs)

    def call(*tensors: Any) -> list[Any]:
        answers = signature(**dict(zip(specs, tensors, strict=True)))
        return [answers[name] for name in wanted]

    given = [(name, spec.dtype, spec.shape) for name, spec in specs.items()]
    return trace(call, loaded, given, lambda _: wanted)


def _of_call(tf: Any, loaded: Any) -> Traced:
    function = getattr(loaded, "__call__", None)  # noqa: B004 - a restored object has it only where it was saved
    concrete = list(getattr(function, "concrete_functions", ()))
    if function is None or len(concrete) != 1:
        raise ConversionRefused(
            f"the SavedModel has no signature, and {len(concrete) or 'no'} functions to call it by",
            _RESAVE,
        )
    structure = concrete[0].structured_input_signature
    flat = tf.nest.flatten(structure)
    if not flat or any(not isinstance(spec, tf.TensorSpec) for spec in flat):
        raise ConversionRefused(
            "the function that the SavedModel is called by takes other things than tensors", _RESAVE
        )

    def call(*tensors: Any) -> Any:
        positional, named = tf.nest.pack_sequence_as(structure, list(tensors))
        return function(*positional, **named)

    given = [(spec.name or "input", spec.dtype, spec.shape) for spec in flat]
    return trace(call, loaded, given, lambda made: output_names(tf, made))


def output_names(tf: Any, made: Any) -> list[str]:
    """The names of what a function gives: its keys, else as TensorFlow numbers them in a signature."""
    if isinstance(made, dict) and all(tf.is_tensor(value) for value in made.values()):
        return [str(name) for name in sorted(made)]
    return [f"output_{at}" for at in range(len(tf.nest.flatten(made)))]
