"""bfloat16, float8 and 4-bit types: raw bytes through real sessions."""

import json
from base64 import b64encode
from typing import Any

import numpy as np
import onnxruntime
import pytest
from fake.signatures import codec, score, tensor
from onnx import TensorProto, helper
from onnxport_serve.codec import Answer, Call, ModelCodec
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.codec.example import generate_feeds, score_body
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import NamedValue, SequenceType, Signature, TensorType

OCTETS = b"application/octet-stream"
ECHOED = ["bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"]
FOUR_BITS = ["int4", "uint4"]
CODES = {name: ELEMENTS[name].code for name in ELEMENTS}


def session(
    operator: str, dtype: str, out: str, shape: list[Any], **attributes: Any
) -> onnxruntime.InferenceSession:
    """A model of one operator from `x` to `y`."""
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"], **attributes)],
        operator,
        [helper.make_tensor_value_info("x", CODES[dtype], shape)],
        [helper.make_tensor_value_info("y", CODES[out], shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def answer(model: onnxruntime.InferenceSession, call: Call) -> Answer:
    """Run as the data plane does."""
    if call.wants_typed_outputs:
        return call.encode(model.run_with_ort_values(call.outputs, call.feeds), "1")
    return call.encode(model.run(call.outputs, call.feeds), "1")


def binary_call(compiled: ModelCodec, dtype: str, shape: list[int], raw: bytes) -> Call:
    entry = {
        "name": "x",
        "datatype": ELEMENTS[dtype].v2,
        "shape": shape,
        "parameters": {"binary_data_size": len(raw)},
    }
    header = json.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}}).encode()
    return compiled.decode_v2(header + raw, len(header))


def tail(written: Answer) -> bytes:
    return written.body[int(dict(written.headers)[b"inference-header-content-length"]) :]


@pytest.mark.parametrize("dtype", ECHOED)
@pytest.mark.parametrize("shape", [[3, 2], [0, 2]], ids=["rows", "empty"])
def test_a_tensor_comes_back_byte_for_byte_through_v2(dtype: str, shape: list[int]) -> None:
    compiled = codec({"x": tensor(dtype, "N", 2)}, {"y": tensor(dtype, "N", 2)})
    raw = bytes(range(1, ELEMENTS[dtype].bytes_for(tuple(shape)) + 1))
    call = binary_call(compiled, dtype, shape, raw)
    written = answer(session("Identity", dtype, dtype, ["N", 2]), call)

    assert (call.typed, call.wants_typed_outputs, call.size) == (True, True, shape[0] * 2)
    assert tail(written) == raw
    assert ELEMENTS[dtype].v2.encode() in written.body


@pytest.mark.parametrize("dtype", ECHOED)
def test_raw_bytes_on_score_come_back_as_raw_bytes(dtype: str) -> None:
    compiled = codec({"x": tensor(dtype, "N", 2)}, {"y": tensor(dtype, "N", 2)})
    raw = bytes(range(ELEMENTS[dtype].bytes_for((3, 2))))
    written = answer(session("Identity", dtype, dtype, ["N", 2]), score(compiled, raw, OCTETS))

    assert (written.body, written.content_type) == (raw, OCTETS)
    assert dict(written.headers) == {
        b"x-onnxport-dtype": dtype.encode(),
        b"x-onnxport-shape": b"3,2",
    }


@pytest.mark.parametrize("dtype", ECHOED)
def test_onnx_runtime_servers_form_carries_them(dtype: str) -> None:
    compiled = codec({"x": tensor(dtype, "N", 2)}, {"y": tensor(dtype, "N", 2)})
    raw = b64encode(bytes(range(ELEMENTS[dtype].bytes_for((1, 2))))).decode()
    message = {"dims": ["1", "2"], "dataType": CODES[dtype], "rawData": raw}
    call = score(compiled, json.dumps({"inputs": {"x": message}}).encode())

    assert json.loads(answer(session("Identity", dtype, dtype, ["N", 2]), call).body) == {
        "outputs": {"y": message}
    }


@pytest.mark.parametrize(
    ("dtype", "numbers"), [("int4", [1, 2, -8, -1, 7]), ("uint4", [1, 2, 8, 15, 7])]
)
def test_four_bit_elements_share_bytes(dtype: str, numbers: list[int]) -> None:
    compiled = codec({"x": tensor(dtype, "N")}, {"y": tensor("float32", "N")})
    model = session("Cast", dtype, "float32", ["N"], to=TensorProto.FLOAT)

    call = binary_call(compiled, dtype, [5], b"\x21\xf8\x07")
    assert (call.typed, call.wants_typed_outputs) == (True, False)
    assert np.frombuffer(tail(answer(model, call)), np.float32).tolist() == numbers
    raw = score(compiled, b"\x21\xf8", OCTETS)
    assert json.loads(answer(model, raw).body) == {"result": numbers[:4]}


@pytest.mark.parametrize("dtype", FOUR_BITS)
def test_four_bit_outputs_come_packed(dtype: str) -> None:
    compiled = codec({"x": tensor(dtype, 3, 3)}, {"y": tensor(dtype, 3, 3)})
    raw = b"\x21\x43\x65\x87\x09"
    model = session("Transpose", dtype, dtype, [3, 3], perm=[0, 1])

    assert tail(answer(model, binary_call(compiled, dtype, [3, 3], raw))) == raw
    assert answer(model, score(compiled, raw, OCTETS)).body == raw


def test_plain_inputs_feed_typed_outputs() -> None:
    compiled = codec({"x": tensor("float32", "N")}, {"y": tensor("bfloat16", "N")})
    model = session("Cast", "float32", "bfloat16", ["N"], to=TensorProto.BFLOAT16)
    entry = {"name": "x", "datatype": "FP32", "shape": [2], "data": [1.0, -2.0]}
    call = compiled.decode_v2(
        json.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}}).encode(), None
    )

    assert tail(answer(model, call)) == b"\x80\x3f\x00\xc0"


def test_a_scalar_feeds_typed_outputs_as_a_scalar() -> None:
    compiled = codec({"x": tensor("float32")}, {"y": tensor("bfloat16")})
    model = session("Cast", "float32", "bfloat16", [], to=TensorProto.BFLOAT16)
    written = answer(model, compiled.decode_v2(b"\x00\x00\x80\x3f", 0))

    assert b'"shape":[]' in written.body
    assert tail(written) == b"\x80\x3f"


@pytest.mark.parametrize(
    "kind", [tensor("string", 1), SequenceType(tensor("float32", 1))], ids=["text", "sequence"]
)
def test_texts_and_sequences_cannot_be_combined_with_typed_outputs(kind: Any) -> None:
    compiled = codec(
        {"x": tensor("float32", 1), "s": kind}, {"y": tensor("bfloat16", 1)}, optional=("x",)
    )

    entry = {"name": "s", "datatype": "BYTES", "shape": [1], "data": ["a"]}
    body = json.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}}).encode()

    with pytest.raises(BadRequest, match=r"cannot combine input 's'|only JSON on /score"):
        compiled.decode_v2(body, None)


def test_sizes_are_checked_in_bytes() -> None:
    compiled = codec({"x": tensor("int4", "N", 3)}, {"y": tensor("float32", "N")})

    with pytest.raises(BadRequest, match="takes 2 bytes; got 3"):
        binary_call(compiled, "int4", [1, 3], bytes(3))
    with pytest.raises(BadRequest, match="do not say its shape"):
        score(compiled, bytes(1), OCTETS)
    with pytest.raises(BadRequest, match=r"which \.npy cannot express"):
        score(compiled, b"", b"application/x-npy")


@pytest.mark.parametrize("dtype", ECHOED)
def test_a_generated_example_has_values_but_no_json(dtype: str) -> None:
    signature = Signature(
        (NamedValue("x", tensor(dtype, "N", 2)),), (NamedValue("y", TensorType(dtype, None)),)
    )
    feeds = generate_feeds(signature)

    assert feeds["x"].shape() == [1, 2]
    assert score_body(signature, feeds) is None
    assert session("Identity", dtype, dtype, ["N", 2]).run_with_ort_values(None, feeds)[
        0
    ].shape() == [1, 2]
