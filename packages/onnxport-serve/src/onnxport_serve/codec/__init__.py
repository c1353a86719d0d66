"""Bodies to arrays and back, compiled once per signature.

score.py          the forms of /score and their order     v2.py, v2_answer.py   the Open Inference Protocol
quick.py          small {"data": ...} bodies              ort_server.py         ONNX Runtime Server's JSON
tensor_fast.py    large JSON through simd.py             raw.py, arrays.py     raw bytes and .npy
tensor_json.py    every other JSON, and all refusals      values.py, records.py sequences, maps, records
inputs.py         the compiled inputs                     answer.py             outputs to JSON
shapes.py         shapes and symbolic dimensions          opaque.py             bfloat16, float8, 4-bit
"""

from onnxport_serve.codec.call import Answer, Call
from onnxport_serve.codec.model import ModelCodec, compile_codec

__all__ = ["Answer", "Call", "ModelCodec", "compile_codec"]
