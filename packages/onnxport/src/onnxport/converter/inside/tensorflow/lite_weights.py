"""The weights of a TFLite file in float, so that its interpreter computes as exactly as ONNX does.

Kernels that take 8-bit weights and float numbers ("dynamic range") round the numbers to 8 bits for themselves, each runtime in its own way;
tf2onnx does so once over all rows, so that the answer to a row would depend on the others. The file with the same weights as float numbers
has no such kernels.
"""

from pathlib import Path
from typing import Any

import numpy as np

_ROUNDS = "asymmetricQuantizeInputs"
"""The option of a kernel that says how it rounds; tf2onnx takes it for a sign that it does."""


def with_float_weights(path: Path) -> bytes | None:
    """The file with every 8-bit weight of a float kernel as float; `None` where it has none."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(path))
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    changed = False
    for graph in model.subgraphs:
        for operator in graph.operators:
            if codes[operator.opcodeIndex] == schema.BuiltinOperator.DEQUANTIZE:
                continue
            if _computes_in_float(graph, operator, schema):
                weights = [graph.tensors[index] for index in operator.inputs if index >= 0]
                made = [_make_float(model, tensor, schema) for tensor in weights]
                changed |= any(made)
                if hasattr(operator.builtinOptions, _ROUNDS):
                    setattr(operator.builtinOptions, _ROUNDS, False)
    if not changed:
        return None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _computes_in_float(graph: Any, operator: Any, schema: Any) -> bool:
    return all(graph.tensors[i].type == schema.TensorType.FLOAT32 for i in operator.outputs)


def _make_float(model: Any, tensor: Any, schema: Any) -> bool:
    """Put a constant of 8 bits into float; whether it was one."""
    kinds = {schema.TensorType.INT8: np.int8, schema.TensorType.UINT8: np.uint8}
    said = tensor.quantization
    data = model.buffers[tensor.buffer].data
    if tensor.type not in kinds or said is None or said.scale is None or data is None:
        return False
    values = np.frombuffer(bytes(bytearray(data)), kinds[tensor.type]).reshape(tensor.shape)
    shape = [1] * values.ndim
    if len(said.scale) > 1:
        shape[said.quantizedDimension] = -1
    zero = 0 if said.zeroPoint is None else np.reshape(said.zeroPoint, shape)
    floats = ((values.astype(np.float64) - zero) * np.reshape(said.scale, shape)).astype("<f4")
    # Other tensors may share the bytes.
    fresh = schema.BufferT()
    fresh.data = np.frombuffer(floats.tobytes(), np.uint8)
    model.buffers.append(fresh)
    tensor.buffer = len(model.buffers) - 1
    tensor.type = schema.TensorType.FLOAT32
    tensor.quantization = None
    return True
