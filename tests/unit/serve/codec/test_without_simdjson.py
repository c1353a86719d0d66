"""Where this Python has no simdjson, every body is read by the exact way, with the same answers and refusals."""

import json

import numpy as np
import pytest
from onnxport_serve.codec import compile_codec, simd
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import NamedValue, Signature, TensorType

SIGNATURE = Signature(
    (NamedValue("x", TensorType("float32", (None, 1000)), True),),
    (NamedValue("y", TensorType("float32", (None, 1000)), True),),
)


@pytest.fixture
def codec(monkeypatch):
    for name in ("Parser", "Array", "Object"):
        monkeypatch.setattr(simd, name, None)
    return compile_codec(SIGNATURE, name="m", json_depth=64)


def test_a_large_body_of_score_is_read(codec):
    values = np.linspace(0, 1, 2000, dtype=np.float32).reshape(2, 1000)
    call = codec.decode_score(json.dumps({"data": values.tolist()}).encode(), b"application/json")

    np.testing.assert_array_equal(values, call.feeds["x"])


def test_a_large_body_of_v2_is_read(codec):
    values = np.linspace(0, 1, 1000, dtype=np.float32).reshape(1, 1000)
    tensor = {"name": "x", "shape": [1, 1000], "datatype": "FP32", "data": values.tolist()}
    call = codec.decode_v2(json.dumps({"inputs": [tensor]}).encode(), None)

    np.testing.assert_array_equal(values, call.feeds["x"])


@pytest.mark.parametrize(
    "body",
    [b'{"inputs": {"x": [], "x": []}}', b'{"inputs": {"a:b": {"c": 1, "c": 2}}}'],
    ids=["plain", "below a name with a colon"],
)
def test_a_name_that_is_there_twice_is_refused(codec, body):
    with pytest.raises(BadRequest, match="the same name twice"):
        codec.decode_score(body, b"application/json")


def test_a_ragged_body_is_refused(codec):
    body = json.dumps({"data": [[0.5] * 1000, [0.5] * 999]}).encode()

    with pytest.raises(BadRequest, match="999"):
        codec.decode_score(body, b"application/json")
