"""A model as one TensorFlow graph with its variables as constants, beside what runs the model itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from onnxport.converter.inside.tensors import TensorInput
from onnxport.converter.interface import Arrays, ConversionRefused


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
    """The name that numpy has of a TensorFlow type; refuses those that ONNX has no plain tensors of."""
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
        texts = [
            v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in array.flat
        ]
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
    function: Callable[..., Any],
    owner: Any,
    specs: Sequence[tuple[str, Any, Any]],
    name_outputs: Callable[[Any], Sequence[str]],
) -> Traced:
    """Make one graph of a function of tensors.

    Args:
        function: the model: tensors in the order of `specs` in, a tensor or a structure of tensors out.
        owner: what holds its variables and tables.
        specs: name, `DType` and `TensorShape` of each input.
        name_outputs: the names of the tensors in what it gives, flat.
    """
    from tf2onnx import tf_loader

    from onnxport.converter.inside.tensorflow.runtime import load_tensorflow

    tf = load_tensorflow()
    inputs = distinct([name for name, _, _ in specs])
    seen: list[Any] = []

    def flat(*tensors: Any) -> list[Any]:
        seen[:] = [function(*tensors)]
        return _flat(tf, seen[0])

    signature = [
        tf.TensorSpec(shape, dtype, f"input_{at}") for at, (_, dtype, shape) in enumerate(specs)
    ]
    traced = tf.function(flat, input_signature=signature).get_concrete_function()
    outputs = distinct(name_outputs(seen[0]), inputs)
    begins = [tensor.name for tensor in traced.inputs[: len(specs)]]
    ends = [tensor.name for tensor in traced.outputs]
    with tf.device("/cpu:0"):
        try:
            graph_def, tables = tf_loader.from_trackable(
                owner, traced, list(begins), list(ends), False
            )
        except ValueError:
            _refuse_writes(traced.graph.as_graph_def())
            raise
        if _uncompile(graph_def):
            with tf.Graph().as_default():
                tf.import_graph_def(graph_def, name="")
                graph_def = tf_loader.tf_optimize(list(begins), list(ends), graph_def)

    def run(arrays: Arrays) -> Arrays:
        tensors = [
            to_tensor(tf, arrays[name], dtype)
            for name, (_, dtype, _) in zip(inputs, specs, strict=True)
        ]
        answers = _flat(tf, function(*tensors))
        return {name: to_array(answer) for name, answer in zip(outputs, answers, strict=True)}

    return Traced(
        graph_def,
        tables,
        tuple(begins),
        tuple(ends),
        tuple(input_of(n, *rest) for n, (_, *rest) in zip(inputs, specs, strict=True)),
        outputs,
        run,
        tf.__version__,
    )


def _refuse_writes(graph_def: Any) -> None:
    """Refuse a model that changes its variables while it predicts: they cannot become constants."""
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    if writes := sorted({node.op for node in nodes if node.op.startswith("Assign")}):
        raise ConversionRefused(
            f"the model keeps a state: it changes its variables while it predicts ({', '.join(writes)})",
            "Save a function that only reads them.",
        ) from None


def _uncompile(graph_def: Any) -> bool:
    """Let functions that were to be compiled (`jit_compile`: grouped convolutions, say) be unfolded like others; whether there are any."""
    holders = [*graph_def.node, *graph_def.library.function]
    holders += [node for function in graph_def.library.function for node in function.node_def]
    compiled = [holder for holder in holders if "_XlaMustCompile" in holder.attr]
    for holder in compiled:
        del holder.attr["_XlaMustCompile"]
        holder.attr.pop("_noinline", None)
    return bool(compiled)


def _flat(tf: Any, made: Any) -> list[Any]:
    """The tensors of a structure, each as one of its own: what goes in may come out as it is."""
    tensors = [tensor for tensor in tf.nest.flatten(made) if tensor is not None]
    if other := [type(tensor).__name__ for tensor in tensors if not tf.is_tensor(tensor)]:
        raise ConversionRefused(
            f"the model gives a {other[0]}, which is no tensor", "Let it give dense tensors."
        )
    if not tensors:
        raise ConversionRefused("the model gives nothing", "Let it give tensors.")
    for tensor in tensors:
        if not isinstance(tensor, tf.Tensor):
            raise ConversionRefused(
                f"the model gives a {type(tensor).__name__}, which ONNX has no plain tensor for",
                "Let it give dense tensors: to_tensor() of a ragged one, tf.sparse.to_dense of a sparse one.",
            )
        numpy_type("an output", tensor.dtype)
    return [tf.identity(tensor) for tensor in tensors]
