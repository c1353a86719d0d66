"""A Keras model as one graph, with the names that Keras gives its ends."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from onnxport.converter.inside.keras.files import KerasFile
from onnxport.converter.inside.tensorflow.traced import Traced, trace
from onnxport.converter.inside.tensors import generated
from onnxport.converter.interface import Arrays, ConversionRefused

Spec = tuple[str, str, tuple[int | None, ...]]
"""The name, type and shape of an input."""


def specs_of(model: Any, said: KerasFile | None, sample: Arrays | None) -> list[Spec]:
    """The inputs of a model: of its graph of layers, else of what it was built for or is called with."""
    inputs = _graph_inputs(model)
    if inputs:
        # A tensor's own name is another one after loading; its layer's is not.
        return [
            (_layer_of(tensor) or tensor.name, _type(tensor), tuple(tensor.shape))
            for tensor in inputs
        ]
    if sample:
        return [(name, _single(a), (None, *a.shape[1:])) for name, a in sample.items()]
    if said is not None and (shape := said.build_shape()):
        return [(_argument(model), "float32", shape)]
    raise ConversionRefused(
        f"the {type(model).__name__} does not say what its inputs are",
        "Give a sample of them with --sample.",
    )


def refuse_state(model: Any) -> None:
    """Refuse a model that remembers earlier calls: ONNX models do not."""
    layers = model._flatten_layers() if hasattr(model, "_flatten_layers") else ()  # noqa: SLF001 - the only walk over all layers
    if stateful := [layer.name for layer in layers if getattr(layer, "stateful", False)]:
        raise ConversionRefused(
            f"the layers {', '.join(stateful[:4])} are stateful: what the model answers depends on the calls before",
            "Build the same model with stateful=False, set its weights (set_weights(model.get_weights())), and save that.",
        )


def version_of(model: Any) -> str:
    """The version of the Keras that the model was opened with."""
    import importlib

    roots = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    return str(importlib.import_module("tf_keras" if "tf_keras" in roots else "keras").__version__)


def widened(model: Any) -> bool:
    """Let layers that compute in 16 bits compute in float32, with the weights that they have; whether there are any."""
    layers = model._flatten_layers() if hasattr(model, "_flatten_layers") else ()  # noqa: SLF001 - the only walk over all layers
    narrow = [
        layer for layer in layers if getattr(layer, "compute_dtype", "") in {"float16", "bfloat16"}
    ]
    for layer in narrow:
        if hasattr(layer, "_set_dtype_policy"):
            layer._set_dtype_policy("float32")  # noqa: SLF001 - Keras 2 has no other way
        else:
            layer.dtype_policy = "float32"
    return bool(narrow)


def traced(model: Any, specs: Sequence[Spec]) -> Traced:
    """The model as one graph.

    A model that was first called without knowing its inputs has the number of rows of that call for ever after; where it takes others,
    their number is made free.
    """
    if any(shape and shape[0] is not None for _, _, shape in specs):
        free = [(name, dtype, (None, *shape[1:])) for name, dtype, shape in specs if shape]
        try:
            made = _traced(model, free)
            for rows in (1, 2, 3):
                made.run(generated(made.inputs, rows))
        except MemoryError:
            raise
        except Exception:  # it does not take others, of whatever error
            return _traced(model, specs)
        return made
    return _traced(model, specs)


def with_sizes(specs: Sequence[Spec], sample: Arrays) -> list[Spec]:
    """The inputs with the sizes of the sample where they are free, but for the rows."""
    names = [name for name, _, _ in specs]
    named = set(names) <= set(sample)
    arrays: list[Any] = [sample[name] for name in names] if named else list(sample.values())
    return [
        (name, dtype, (shape[0], *np.shape(array)[1:]))
        for (name, dtype, shape), array in zip(specs, arrays, strict=True)
    ]


def _traced(model: Any, specs: Sequence[Spec]) -> Traced:
    from onnxport.converter.inside.tensorflow.runtime import load_tensorflow

    tf = load_tensorflow()
    given = [(name, tf.as_dtype(dtype), tf.TensorShape(shape)) for name, dtype, shape in specs]
    call = caller(model, [name for name, _, _ in specs])
    return trace(call, model, given, lambda made: output_names(model, made))


def has_free_sizes(specs: Sequence[Spec]) -> bool:
    """Whether anything but the number of rows is free."""
    return any(None in shape[1:] for _, _, shape in specs)


def caller(model: Any, sample_names: Sequence[str] = ()) -> Callable[..., Any]:
    """The model as a function of tensors in the order of its inputs."""

    def call(*tensors: Any) -> Any:
        if len(tensors) == 1:
            return model(tensors[0], training=False)
        if not _graph_inputs(model) and sample_names:
            return model(dict(zip(sample_names, tensors, strict=True)), training=False)
        return model(list(tensors), training=False)

    return call


def output_names(model: Any, made: Any) -> list[str]:
    """The names of what a call gave: its keys, else the layers that gave it, else numbers."""
    count = len(flat(made))
    if isinstance(made, Mapping) and count == len(made):
        return [str(name) for name in sorted(made)]
    stated = list(getattr(model, "output_names", ()) or ())
    if len(stated) == count:
        return [str(name) for name in stated]
    layers = [_layer_of(tensor) for tensor in _graph_outputs(model)]
    if len(layers) == count and None not in layers:
        return [str(name) for name in layers]
    return ["output"] if count == 1 else [f"output_{at}" for at in range(count)]


def flat(made: Any) -> list[Any]:
    """The tensors of a structure of dictionaries and lists; keys are sorted, as all backends of Keras do."""
    if isinstance(made, Mapping):
        return [tensor for name in sorted(made) for tensor in flat(made[name])]
    if isinstance(made, (list, tuple)):
        return [tensor for part in made for tensor in flat(part)]
    return [] if made is None else [made]


def _graph_inputs(model: Any) -> list[Any]:
    return _side(model, "inputs")


def _graph_outputs(model: Any) -> list[Any]:
    return _side(model, "outputs")


def _side(model: Any, side: str) -> list[Any]:
    try:
        found = getattr(model, side, None)
    except (AttributeError, ValueError):
        # A model that was not called yet.
        return []
    return list(found) if isinstance(found, (list, tuple)) else []


def _layer_of(tensor: Any) -> str | None:
    history = getattr(tensor, "_keras_history", None)
    maker = getattr(history, "operation", None) or getattr(history, "layer", None)
    return getattr(maker, "name", None)


def _type(tensor: Any) -> str:
    return str(getattr(tensor.dtype, "name", tensor.dtype))


def _single(array: Any) -> str:
    """The type of a sample's array; numbers that are doubles only because Python's are, as float32."""
    return "float32" if array.dtype.name == "float64" else str(array.dtype.name)


def _argument(model: Any) -> str:
    """What the model's own `call` calls its input."""
    import inspect

    names = list(inspect.signature(model.call).parameters)
    return names[0] if names else "input"
