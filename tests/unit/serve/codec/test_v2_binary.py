"""The binary tensor extension of the Open Inference Protocol."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from fake.signatures import codec, single, tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnxport_serve.codec import Answer, Call, ModelCodec
from onnxport_serve.codec.arrays import join_strings
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import TensorType

PLAIN = [name for name, element in ELEMENTS.items() if element.kind not in ("opaque", "string")]


def head(*tensors: dict[str, Any], **members: Any) -> bytes:
    return json.dumps({"inputs": list(tensors), **members}).encode()


def entry(name: str, datatype: str, shape: Any, size: int) -> dict[str, Any]:
    return {
        "name": name,
        "datatype": datatype,
        "shape": list(shape),
        "parameters": {"binary_data_size": size},
    }


def decode(compiled: ModelCodec, header: bytes, tail: bytes) -> Call:
    return compiled.decode_v2(header + tail, len(header))


def split(answer: Answer) -> tuple[dict[str, Any], bytes]:
    assert answer.content_type == b"application/octet-stream"
    length = int(dict(answer.headers)[b"inference-header-content-length"])
    return json.loads(answer.body[:length]), answer.body[length:]


@settings(deadline=None)
@given(dtype=st.sampled_from(PLAIN), data=st.data(), shift=st.integers(0, 8))
def test_arrays_of_any_type_and_shape_go_there_and_back(dtype: str, data: Any, shift: int) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    array = data.draw(hnp.arrays(dtype, shape))
    compiled = codec({"x": TensorType(dtype, None)}, {"y": TensorType(dtype, None)})
    header = head(
        entry("x", ELEMENTS[dtype].v2, shape, array.nbytes), parameters={"binary_data_output": True}
    )
    call = decode(compiled, header + b" " * shift, array.tobytes())

    fed = call.feeds["x"]
    assert (fed.dtype, fed.shape, fed.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert fed.flags.aligned
    document, tail = split(call.encode([fed], "1"))
    assert document["outputs"] == [entry("y", ELEMENTS[dtype].v2, shape, array.nbytes)]
    assert tail == array.tobytes()


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=5), max_size=6))
def test_texts_go_there_and_back_with_their_lengths(texts: list[str]) -> None:
    raw = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)
    compiled = single("string", "N", outputs={"y": tensor("string", "N")})
    call = decode(
        compiled,
        head(entry("x", "BYTES", [len(texts)], len(raw)), parameters={"binary_data_output": True}),
        raw,
    )

    assert call.feeds["x"].tolist() == texts
    assert split(call.encode([call.feeds["x"]], "1"))[1] == raw
    assert join_strings(np.array(texts, object)) == raw


def test_aligned_bytes_are_not_copied() -> None:
    header = head(entry("x", "FP64", [2], 16))
    header += b" " * (
        -len(header) % 16
    )  # the data of a bytes object starts at a multiple of 16 here
    body = header + struct.pack("<2d", 1.5, 2.5)
    fed = single("float64", "N").decode_v2(body, len(header)).feeds["x"]

    assert fed.base is not None
    assert np.shares_memory(fed, np.frombuffer(body, np.uint8)) is True


def test_json_and_binary_tensors_may_be_mixed() -> None:
    compiled = codec(
        {"a": tensor("float32", 2), "b": tensor("int8", 2), "c": tensor("uint16", 1)},
        {"y": tensor("float32", 1), "z": tensor("int8", 2)},
    )
    header = head(
        entry("c", "UINT16", [1], 2),
        {"name": "a", "datatype": "FP32", "shape": [2], "data": [1, 2]},
        entry("b", "INT8", [2], 2),
        outputs=[{"name": "z", "parameters": {"binary_data": True}}, {"name": "y"}],
        id="7",
    )
    call = decode(compiled, header, b"\x01\x02\xfe\xff")

    assert {name: value.tolist() for name, value in call.feeds.items()} == {
        "c": [513],
        "a": [1.0, 2.0],
        "b": [-2, -1],
    }
    document, tail = split(
        call.encode([np.array([3, 4], np.int8), np.array([np.inf], np.float32)], "2")
    )
    assert document == {
        "model_name": "fake",
        "model_version": "2",
        "id": "7",
        "outputs": [
            {"name": "z", "datatype": "INT8", "shape": [2], "parameters": {"binary_data_size": 2}},
            {"name": "y", "datatype": "FP32", "shape": [1], "data": [None]},
        ],
    }
    assert tail == b"\x03\x04"


def test_binary_answers_keep_nan_and_count_nothing() -> None:
    compiled = single("float32", 1, outputs={"y": tensor("float32", 1)})
    call = decode(
        compiled,
        head(entry("x", "FP32", [1], 4), parameters={"binary_data_output": True}),
        bytes(4),
    )
    answer = call.encode([np.array([np.nan], np.float32)], "1")

    assert answer.nonfinite == 0
    assert np.isnan(np.frombuffer(split(answer)[1], np.float32)[0])


def test_an_output_may_opt_out_of_binary() -> None:
    compiled = single("float32", 1, outputs={"y": tensor("float32", 1)})
    header = head(
        entry("x", "FP32", [1], 4),
        parameters={"binary_data_output": True},
        outputs=[{"name": "y", "parameters": {"binary_data": False}}],
    )
    answer = decode(compiled, header, bytes(4)).encode([np.zeros(1, np.float32)], "1")

    assert answer.content_type == b"application/json"


def test_outputs_that_are_not_contiguous_are_written_row_by_row() -> None:
    compiled = single("float32", 1, outputs={"y": tensor("float32", 2, 3)})
    call = decode(
        compiled,
        head(entry("x", "FP32", [1], 4), parameters={"binary_data_output": True}),
        bytes(4),
    )
    array = np.arange(6, dtype=np.float32).reshape(3, 2).T

    assert split(call.encode([array], "1"))[1] == np.ascontiguousarray(array).tobytes()


@pytest.mark.parametrize(
    ("tensor_entry", "tail", "part"),
    [
        (entry("x", "FP32", [2], 8), bytes(7), "states 8 bytes of binary data; 7 are left"),
        (
            entry("x", "FP32", [2], 8),
            bytes(9),
            "the inputs state 8 bytes of binary data; the body has 9",
        ),
        (entry("x", "FP32", [2], 4), bytes(4), "as float32[2] takes 8 bytes; got 4"),
        (entry("x", "FP32", [2], 2**63), bytes(8), "are left"),
        (entry("x", "FP32", [2**33], 8), bytes(8), "as float32[8589934592] takes"),
        (entry("x", "FP32", [2**62, 4], 8), bytes(8), "too many elements"),
        (entry("x", "FP32", [2, 1], 8), bytes(8), "wants float32[N]; got [2, 1]"),
        (entry("x", "INT32", [2], 8), bytes(8), "wants the datatype FP32"),
    ],
)
def test_sizes_are_checked_exactly(tensor_entry: dict[str, Any], tail: bytes, part: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode(single("float32", "N"), head(tensor_entry), tail)

    assert part in caught.value.message


@pytest.mark.parametrize(
    ("raw", "count", "part"),
    [
        (b"\x01\x00\x00\x00", 1, "ends inside element 0"),
        (b"\x01\x00", 1, "ends inside element 0"),
        (b"\xff\xff\xff\xffa", 1, "ends inside element 0"),
        (b"\x01\x00\x00\x00a", 2, "holds 1 texts; [2] takes 2"),
        (b"\x01\x00\x00\x00\xff", 1, "a text that is not UTF-8 at element 0"),
    ],
)
def test_damaged_texts_are_refused(raw: bytes, count: int, part: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode(single("string", "N"), head(entry("x", "BYTES", [count], len(raw))), raw)

    assert part in caught.value.message


def test_a_bool_is_a_byte_of_0_or_1() -> None:
    header = head(entry("x", "BOOL", [2], 2))

    assert decode(single("bool", 2), header, b"\x00\x01").feeds["x"].tolist() == [False, True]
    with pytest.raises(BadRequest, match="every byte has to be 0 or 1"):
        decode(single("bool", 2), header, b"\x00\x02")


@pytest.mark.parametrize("length", [-1, 5, 2**70])
def test_a_header_length_outside_the_body_is_refused(length: int) -> None:
    with pytest.raises(BadRequest, match="the body has 2 bytes"):
        single("float32", 1).decode_v2(b"{}", length)


def test_a_raw_body_is_the_tensor_and_is_answered_in_binary() -> None:
    compiled = single("float32", "N", 2, outputs={"y": tensor("float32", "N", 2)})
    call = compiled.decode_v2(struct.pack("<4f", 1, 2, 3, 4), 0)

    assert call.feeds["x"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    document, tail = split(call.encode([call.feeds["x"]], "1"))
    assert document["outputs"] == [entry("y", "FP32", [2, 2], 16)]
    assert tail == struct.pack("<4f", 1, 2, 3, 4)


def test_a_raw_body_is_for_models_with_one_tensor() -> None:
    compiled = codec({"a": tensor("float32", 1), "b": tensor("float32", 1)})

    with pytest.raises(BadRequest, match="single tensor input"):
        compiled.decode_v2(bytes(4), 0)
