"""A model as one TensorFlow graph with its variables as constants, beside what runs the model itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from onnxport.converter.inside.tensors import TensorInput
from onnxport.converter.interface import ConversionRefused

Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Traced:
    """One graph: `graph_def` and `tables` as tf2onnx takes them, its ends, and `run`, the framework's own answer to arrays by name.

    `begins` and `ends` are tensor names in the order of `inputs` and `outputs`. `tables` holds keys and values by the name of a table.
    """

    graph_def: Any
    tables: Mapping[Any, tuple[Any, Any]]
    begins: tuple[str, ...]
    ends: tuple[str, ...]
    inputs: tuple[TensorInput, ...]
    outputs: tuple[str, ...]
    run: Callable[[Arrays], Arrays]
    framework_version: str
    remarks: tuple[str, ...] = field(default=())

    def with_outputs(self, wanted: Sequence[str]) -> "Traced":
        """The same model with only these outputs, in this order; all of them where none is named."""
        if not wanted:
            return self
        if unknown := [name for name in wanted if name not in self.outputs]:
            raise ConversionRefused(
                f"the model has no output {', '.join(unknown)}",
                f"Name some of {', '.join(self.outputs)} with --outputs, or none for all of them.",
            )
        ends = tuple(self.ends[self.outputs.index(name)] for name in wanted)
        return replace(self, ends=ends, outputs=tuple(wanted))


def input_of(name: str, dtype: Any, shape: Any) -> TensorInput:
    """What TensorFlow says of an input (`TensorShape`, `DType`), as the generators take it."""
    if shape.rank is None:
        raise ConversionRefused(
            f"the input '{name}' states no number of dimensions",
            "Save the model with an input signature (tf.TensorSpec with a shape, None where a size is free).",
        )
    sizes = tuple(shape.as_list())
    return TensorInput(name, numpy_type(name, dtype), sizes, bool(sizes) and sizes[0] is None)


def numpy_type(name: str, dtype: Any) -> str:
    """numpy's name of a TensorFlow type; refuses those that ONNX has no plain tensors of."""
    if dtype.name == "string":
        return "U"
    if dtype.is_quantized or dtype.name in {"resource", "variant"} or dtype.is_complex:
        raise ConversionRefused(
            f"'{name}' is of type {dtype.name}, which no plain ONNX tensor holds",
            "Save the model with inputs and outputs of numbers or text.",
        )
    return "float32" if dtype.name == "bfloat16" else str(dtype.name)


def to_tensor(tensorflow: Any, array: Any, dtype: Any) -> Any:
    """The array as a tensor of this type; text as TensorFlow takes it."""
    import numpy as np

    array = np.asarray(array)
    return tensorflow.constant(array.astype(object) if array.dtype.kind in "US" else array, dtype)


def to_array(tensor: Any) -> Any:
    """The tensor as an array; text as text."""
    import numpy as np

    array = np.asarray(tensor)
    if array.dtype == object or array.dtype.kind == "S":
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in array.flat]
        return np.array(texts, str).reshape(array.shape)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def distinct(names: Sequence[str], taken: Sequence[str] = ()) -> tuple[str, ...]:
    """The names, each made different from those before it: ONNX has one space of names for inputs and outputs."""
    used = set(taken)
    made = []
    for name in names:
        free, number = name, 0
        while free in used:
            number += 1
            free = f"{name}_{number}"
        used.add(free)
        made.append(free)
    return tuple(made)


def trace(
    function: Callable[..., Sequence[Any]],
    owner: Any,
    specs: Sequence[tuple[str, Any, Any]],
    outputs: Sequence[str],
    run: Callable[[Arrays], Arrays],
) -> Traced:
    """Make one graph of a function of tensors, given in the order of `specs`, that gives a list of tensors named `outputs`.

    Args:
        function: the model: tensors in, list of tensors out.
        owner: what holds its variables and tables.
        specs: name, `DType` and `TensorShape` of each input.
        outputs: the names of what it gives.
        run: the model's own answer, for comparison.
    """
    from tf2onnx import tf_loader

    from onnxport.converter.inside.tensorflow.runtime import load_tensorflow

    tf = load_tensorflow()
    signature = [
        tf.TensorSpec(shape, dtype, f"input_{at}") for at, (_, dtype, shape) in enumerate(specs)
    ]
    traced = tf.function(function, input_signature=signature).get_concrete_function()
    begins = [tensor.name for tensor in traced.inputs[: len(specs)]]
    ends = [tensor.name for tensor in traced.outputs]
    with tf.device("/cpu:0"):
        graph_def, tables = tf_loader.from_trackable(owner, traced, list(begins), list(ends), False)
    return Traced(
        graph_def,
        tables,
        tuple(begins),
        tuple(ends),
        tuple(input_of(*spec) for spec in specs),
        tuple(outputs),
        run,
        tf.__version__,
    )
