"""The codec of one revision: everything that its signature says, compiled once at load."""

from onnxport_serve.codec.answer import Outputs
from onnxport_serve.codec.call import Call
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.codec.inputs import Inputs
from onnxport_serve.codec.score import ScoreCodec
from onnxport_serve.codec.v2 import V2Codec
from onnxport_serve.errors import LoadError
from onnxport_serve.signature import MapType, Signature, TensorType, ValueType


class ModelCodec:
    """Turns bodies into calls; each call turns outputs into an answer.

    May be used from several threads; it is fastest from one.
    """

    def __init__(self, score: ScoreCodec, v2: V2Codec) -> None:
        self._score = score
        self._v2 = v2
        self.decode_score = score.decode

    def decode_v2(self, body: bytes, json_length: int | None) -> Call:
        """The request of a `/v2` infer body.

        Args:
            body: JSON, or a JSON header and binary data.
            json_length: `Inference-Header-Content-Length`; `None` without that header, 0 for a raw tensor.

        Raises:
            BadRequest: with what was wrong and what would be right.
        """
        return self._v2.decode(body, json_length)


def compile_codec(signature: Signature, *, name: str, json_depth: int) -> ModelCodec:
    """The codec for a signature.

    Args:
        signature: what the revision takes and gives.
        name: the model's name in `/v2` answers.
        json_depth: how many lists and objects may lie in each other in a JSON body.

    Raises:
        LoadError: an element type that ONNX Runtime cannot take or give (complex numbers).
    """
    for value in (*signature.inputs, *signature.outputs):
        for dtype in _dtypes(value.type):
            if dtype not in ELEMENTS:
                raise LoadError(
                    "unsupported_type",
                    f"'{value.name}' is {value.type}, and ONNX Runtime has no tensors of {dtype}",
                    "Give the model inputs and outputs of another type, for example the real and imaginary parts as float32",
                )
    inputs = Inputs(signature)
    outputs = Outputs(signature.outputs)
    return ModelCodec(
        ScoreCodec(inputs, outputs, json_depth), V2Codec(name, inputs, outputs, json_depth)
    )


def _dtypes(kind: ValueType) -> list[str]:
    match kind:
        case TensorType(dtype, _):
            return [dtype]
        case MapType(key, value):
            return [key, *_dtypes(value)]
        case _:
            return _dtypes(kind.element)
