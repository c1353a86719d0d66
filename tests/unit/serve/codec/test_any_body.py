"""Whatever is sent, the codec answers with a call or a `BadRequest`, never with anything else."""

import json
import struct
from typing import Any

import numpy as np
from fake.signatures import codec, tensor
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnxport_serve.codec import Call, ModelCodec
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import MapType, OptionalType, SequenceType, TensorType

SCALAR = TensorType("float32", ())
CODECS = [
    codec({"x": tensor("float32", "N", 2)}),
    codec({"x": tensor("string", "N")}),
    codec({"x": tensor("bool", "N", "N"), "y": tensor("uint8")}),
    codec({"x": tensor("int4", "N", 3)}, {"y": tensor("bfloat16", "N")}),
    codec({"x": tensor("float32", "N", 1), "y": tensor("string", "N")}, optional=("y",)),
    codec(
        {"x": SequenceType(MapType("int64", SCALAR))}, {"y": SequenceType(MapType("int64", SCALAR))}
    ),
    codec(
        {"x": OptionalType(tensor("int64", None)), "data": MapType("string", SCALAR)},
        optional=("x",),
    ),
    codec({"inputs": TensorType("float16", None)}),
]
WORDS = st.sampled_from(
    ["x", "y", "data", "inputs", "dims", "dataType", "rawData", "floatData", "stringData", "int32Data",
     "outputFilter", "name", "shape", "datatype", "parameters", "binary_data_size", "binary_data", "outputs",
     "FP32", "BYTES", "BOOL", "INT4", "id", "AAAA", "AAAAAAAAgD8=", "binary_data_output", "", "\x00", "é"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | WORDS
    | st.text(max_size=3)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=25,
)
TENSORS = st.fixed_dictionaries(
    {"name": WORDS, "shape": st.lists(st.integers(-1, 3) | LEAVES, max_size=3), "datatype": WORDS},
    optional={"data": DOCUMENTS, "parameters": DOCUMENTS | st.just({"binary_data_size": 4})},
)
MESSAGES = st.fixed_dictionaries(
    {"dims": st.lists(st.integers(-1, 3) | st.sampled_from(["1", "2"]), max_size=3) | LEAVES},
    optional=dict.fromkeys(
        ("dataType", "rawData", "floatData", "int32Data", "stringData"), DOCUMENTS
    ),
)
SHAPED = (
    st.fixed_dictionaries(
        {"inputs": st.lists(TENSORS | DOCUMENTS, max_size=3)}, optional={"outputs": DOCUMENTS}
    )
    | st.fixed_dictionaries({"inputs": st.dictionaries(WORDS, MESSAGES, max_size=2)})
    | st.fixed_dictionaries({"inputs": st.dictionaries(WORDS, DOCUMENTS, max_size=2)})
    | st.dictionaries(WORDS, DOCUMENTS, max_size=2)
)


def attempt(decode: Any) -> None:
    try:
        call = decode()
    except BadRequest as error:
        message = error.message
    else:
        message = "fine"
        assert_sound(call)
    assert 0 < len(message) < 3000


def assert_sound(call: Call) -> None:
    assert call.size >= 0
    for value in call.feeds.values():
        assert not isinstance(value, np.ndarray) or value.flags.aligned


def attempt_all(compiled: ModelCodec, body: bytes, content_type: bytes = b"") -> None:
    attempt(lambda: compiled.decode_score(body, content_type))
    attempt(lambda: compiled.decode_v2(body, None))
    for length in (-1, 0, len(body), len(body) + 1):
        attempt(lambda length=length: compiled.decode_v2(body, length))


@settings(deadline=None, max_examples=150)
@given(
    compiled=st.sampled_from(CODECS),
    body=st.binary(max_size=64),
    kind=st.sampled_from(
        [b"", b"application/json", b"application/octet-stream", b"application/x-npy"]
    ),
)
def test_any_bytes(compiled: ModelCodec, body: bytes, kind: bytes) -> None:
    attempt_all(compiled, body, kind)


@settings(deadline=None, max_examples=250)
@example(compiled=CODECS[0], document={"inputs": 5}, padding=2000)
@given(
    compiled=st.sampled_from(CODECS),
    document=SHAPED | DOCUMENTS,
    padding=st.sampled_from([0, 2000]),
)
def test_any_json(compiled: ModelCodec, document: Any, padding: int) -> None:
    attempt_all(compiled, json.dumps(document).encode() + b" " * padding)


@settings(deadline=None, max_examples=150)
@given(compiled=st.sampled_from(CODECS), document=SHAPED, tail=st.binary(max_size=24))
def test_any_binary_request(compiled: ModelCodec, document: Any, tail: bytes) -> None:
    head = json.dumps(document).encode()

    attempt(lambda: compiled.decode_v2(head + tail, len(head)))


@settings(deadline=None, max_examples=150)
@given(
    compiled=st.sampled_from(CODECS),
    header=st.text(max_size=60)
    | st.builds(
        "{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}".format,
        st.sampled_from(
            [
                "<f4",
                ">f8",
                "|O",
                "<U3",
                "|b1",
                "<i8",
                "|V8",
                "(2,)<f4",
                "<M8[s]",
                "<f2",
                "|S0",
                "<U0",
            ]
        ),
        st.sampled_from(["True", "False", "1", "None"]),
        st.sampled_from(
            [
                "()",
                "(2,)",
                "(2, 2)",
                "(-1,)",
                "(1 << 70,)",
                "(99999999999999999999,)",
                "[2]",
                "(2.0,)",
            ]
        ),
    ),
    data=st.binary(max_size=32),
    version=st.sampled_from([b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"]),
)
def test_any_npy(compiled: ModelCodec, header: str, data: bytes, version: bytes) -> None:
    text = header.encode()
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    body = b"\x93NUMPY" + version + size + text + data

    attempt(lambda: compiled.decode_score(body, b"application/x-npy"))
    attempt(lambda: compiled.decode_score(body, b""))


@settings(deadline=None)
@given(
    compiled=st.sampled_from(CODECS),
    document=SHAPED,
    cut=st.integers(0, 100),
    extra=st.binary(max_size=3),
)
def test_a_cut_or_damaged_body(compiled: ModelCodec, document: Any, cut: int, extra: bytes) -> None:
    body = json.dumps(document).encode()

    attempt_all(compiled, body[:cut] + extra + body[cut + 1 :])
