"""What TensorFlow's models become: ONNX with their own names, and shapes as they state them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace

from onnxport.converter.inside.tensorflow.lite import Lite
from onnxport.converter.inside.tensorflow.to_onnx import Converted, convert
from onnxport.converter.inside.tensorflow.traced import Traced
from onnxport.converter.inside.tensors import TensorInput
from onnxport.converter.interface import Exported, Job, Output

# Deep networks in float32: sums are made in another order.
ABSOLUTE, RELATIVE = 1e-4, 1e-3
# Outputs in float16 have steps of 0.001 at 1, and each runtime rounds on the way at other places.
_HALF = 4e-3


def export_traced(model: Traced, job: Job) -> Exported:
    """Convert a graph."""
    made = convert(model.graph_def, model.tables, model.begins, model.ends, job.opset, job.remedy)
    outputs = [Output(name, "value", ABSOLUTE, RELATIVE) for name in model.outputs]
    return _exported(made, model, outputs)


def export_lite(model: Lite, job: Job) -> Exported:
    """Convert a TFLite file."""
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(model.content)
        file.flush()
        made = convert(None, {}, (), (), job.opset, job.remedy, file.name)
    return _exported(made, model, model.outputs)


def _exported(made: Converted, model: Traced | Lite, outputs: Sequence[Output]) -> Exported:
    inputs = dict(zip(model.begins, model.inputs, strict=True))
    ends = dict(zip(model.ends, outputs, strict=True))
    given = [inputs[name] for name in made.inputs]
    kinds = _kinds_of_outputs(made.onnx)
    return Exported(
        _with_shapes(made.onnx, given),
        tuple(_of_kind(ends[name], kinds[name]) for name in made.outputs),
        model.framework_version,
        (*model.remarks, *_unused(inputs, made.inputs)),
        tuple(entry.name for entry in given),
    )


def _unused(inputs: Mapping[str, TensorInput], kept: Sequence[str]) -> list[str]:
    gone = [entry.name for name, entry in inputs.items() if name not in kept]
    return [f"no output depends on the input {', '.join(gone)}, so it was left out"] if gone else []


def _kinds_of_outputs(data: bytes) -> dict[str, int]:
    import onnx

    graph = onnx.load_from_string(data).graph
    return {value.name: value.type.tensor_type.elem_type for value in graph.output}


def _of_kind(output: Output, kind: int) -> Output:
    """The output with the role and the tolerances that tensors of this type have."""
    import onnx

    if kind == onnx.TensorProto.STRING:
        return Output(output.name, "label")
    if kind == onnx.TensorProto.FLOAT16:
        return replace(output, absolute=_HALF, relative=_HALF)
    return output


def _with_shapes(data: bytes, inputs: Sequence[TensorInput]) -> bytes:
    """The inputs with the sizes that the model states: `batch` for free rows, nothing for other free axes."""
    import onnx

    model = onnx.load_from_string(data)
    for value, entry in zip(model.graph.input, inputs, strict=True):
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        for axis, size in enumerate(entry.shape):
            dimension = shape.dim.add()
            if size is not None:
                dimension.dim_value = size
            elif axis == 0:
                dimension.dim_param = "batch"
        shape.SetInParent()
    return bytes(model.SerializeToString(deterministic=True))
