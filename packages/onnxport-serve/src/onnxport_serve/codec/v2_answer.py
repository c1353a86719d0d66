"""Answers of the Open Inference Protocol: a JSON document, followed by raw bytes where binary data was asked for.

JSON data is flat, in row-major order. Source: Open Inference Protocol, "Inference Response", and its binary tensor data extension.
"""

from typing import Any

import numpy as np
import orjson
from onnxruntime import OrtValue

from onnxport_serve.codec import arrays, opaque
from onnxport_serve.codec.answer import Output, dump_json
from onnxport_serve.codec.call import OCTETS, Answer


class V2Encoder:
    """Writes one answer.

    Args:
        name: the model's name.
        outputs: the outputs, in the order of the answer.
        binary: for each of them whether its data is raw bytes behind the JSON.
        request_id: the `id` to give back.
    """

    __slots__ = ("_binary", "_name", "_outputs", "_request_id")

    def __init__(
        self, name: str, outputs: list[Output], binary: list[bool], request_id: str | None
    ) -> None:
        self._name = name
        self._outputs = outputs
        self._binary = binary
        self._request_id = request_id

    def __call__(self, values: list[Any], version: str) -> Answer:
        """The answer to outputs in the order of `outputs`."""
        head = {"model_name": self._name, "model_version": version}
        if self._request_id is not None:
            head["id"] = self._request_id
        entries: list[bytes] = []
        blobs: list[bytes] = []
        nonfinite = 0
        for output, binary, value in zip(self._outputs, self._binary, values, strict=True):
            if binary:
                entry, blob = _binary_entry(output, value)
                blobs.append(blob)
            else:
                entry, count = _json_entry(output, value)
                nonfinite += count
            entries.append(entry)
        document = b'%b,"outputs":[%b]}' % (orjson.dumps(head)[:-1], b",".join(entries))
        if not any(self._binary):
            return Answer(document, nonfinite=nonfinite)
        length = ((b"inference-header-content-length", b"%d" % len(document)),)
        return Answer(document + b"".join(blobs), OCTETS, length, nonfinite)


def _json_entry(output: Output, value: Any) -> tuple[bytes, int]:
    array = _array(value)
    data, nonfinite = dump_json(array.reshape(-1))
    return _entry(output, array.shape, b'"data":' + data), nonfinite


def _binary_entry(output: Output, value: Any) -> tuple[bytes, bytes]:
    element = output.element
    assert element is not None
    if element.kind == "opaque":
        shape, blob = tuple(value.shape()), opaque.bytes_of_value(value, element)
    else:
        array = _array(value)
        shape = array.shape
        strings = element.kind == "string"
        blob = arrays.join_strings(array) if strings else array.tobytes()
    return _entry(output, shape, b'"parameters":{"binary_data_size":%d}' % len(blob)), blob


def _array(value: Any) -> np.ndarray[Any, Any]:
    return np.asarray(value.numpy() if isinstance(value, OrtValue) else value)


def _entry(output: Output, shape: tuple[int, ...], data: bytes) -> bytes:
    assert output.element is not None
    return b'{"name":%b"datatype":"%b","shape":%b,%b}' % (
        output.key[:-1] + b",",
        output.element.v2.encode(),
        orjson.dumps(list(shape)),
        data,
    )
