"""What TensorFlow's models become: ONNX with their own names, and shapes as they state them."""

import tempfile
from collections.abc import Mapping, Sequence

from onnxport.converter.inside.tensorflow.lite import Lite
from onnxport.converter.inside.tensorflow.to_onnx import Converted, convert
from onnxport.converter.inside.tensorflow.traced import Traced
from onnxport.converter.inside.tensors import TensorInput
from onnxport.converter.interface import Exported, Job, Output

# Deep networks in float32: sums are made in another order.
ABSOLUTE, RELATIVE = 1e-4, 1e-3


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
    texts = _text_outputs(made.onnx)
    return Exported(
        _with_shapes(made.onnx, given),
        tuple(Output(ends[n].name, "label") if n in texts else ends[n] for n in made.outputs),
        model.framework_version,
        (*model.remarks, *_unused(inputs, made.inputs)),
        tuple(entry.name for entry in given),
    )


def _unused(inputs: Mapping[str, TensorInput], kept: Sequence[str]) -> list[str]:
    gone = [entry.name for name, entry in inputs.items() if name not in kept]
    return [f"no output depends on the input {', '.join(gone)}, so it was left out"] if gone else []


def _text_outputs(data: bytes) -> set[str]:
    import onnx

    graph = onnx.load_from_string(data).graph
    return {v.name for v in graph.output if v.type.tensor_type.elem_type == onnx.TensorProto.STRING}


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
