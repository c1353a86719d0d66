"""ONNX Runtime Server's JSON: `TensorProto` messages in both directions."""

import json
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from fake.signatures import codec, score, single, tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import MapType, SequenceType, TensorType

PLAIN = [name for name, element in ELEMENTS.items() if element.kind not in ("opaque", "string")]


def b64(raw: bytes) -> str:
    return b64encode(raw).decode()


def body(message: Any, **members: Any) -> bytes:
    return json.dumps({"inputs": {"x": message}, **members}).encode()


def refusal(dtype: str, message: Any, **members: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        score(single(dtype, None), body(message, **members))
    return caught.value.message


@settings(deadline=None)
@given(dtype=st.sampled_from(PLAIN), data=st.data())
def test_raw_data_goes_there_and_back(dtype: str, data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    array = data.draw(hnp.arrays(dtype, shape))
    message = {
        "dims": [str(size) for size in shape],
        "dataType": ELEMENTS[dtype].code,
        "rawData": b64(array.tobytes()),
    }
    compiled = codec({"x": TensorType(dtype, None)}, {"y": TensorType(dtype, None)})
    call = score(compiled, body(message))

    fed = call.feeds["x"]
    assert (fed.dtype, fed.shape, fed.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert json.loads(call.encode([fed], "1").body) == {"outputs": {"y": message}}


@pytest.mark.parametrize(
    ("dtype", "field", "given_values", "values"),
    [
        ("float32", "floatData", [1, "2.5", 0.5], [1, 2.5, 0.5]),
        ("float64", "doubleData", [0.1, "0.1"], [0.1, 0.1]),
        ("int64", "int64Data", ["-9223372036854775808", "9223372036854775807", 5, 3.0], [-(2**63), 2**63 - 1, 5, 3]),
        ("uint64", "uint64Data", ["18446744073709551615", 0], [2**64 - 1, 0]),
        ("uint32", "uint64Data", [4294967295], [2**32 - 1]),
        ("int32", "int32Data", [-5, "7"], [-5, 7]),
        ("int8", "int32Data", [-128, 127], [-128, 127]),
        ("uint16", "int32Data", [65535], [65535]),
        ("bool", "int32Data", [0, 1, True], [False, True, True]),
        ("float16", "int32Data", [0x3C00, 0xC000], [1.0, -2.0]),
        ("string", "stringData", [b64(b"a"), b64("é".encode()), ""], ["a", "é", ""]),
    ],
)  # fmt: skip
def test_typed_fields_are_read(dtype: str, field: str, given_values: Any, values: Any) -> None:
    message = {"dims": [len(values)], "dataType": ELEMENTS[dtype].code, field: given_values}
    fed = score(single(dtype, None), body(message)).feeds["x"]

    assert fed.tolist() == values
    assert fed.dtype == (object if dtype == "string" else dtype)


def test_typed_fields_may_hold_nan_and_infinities_by_name() -> None:
    message = {"dims": ["3"], "dataType": 1, "floatData": ["NaN", "Infinity", "-Infinity"]}
    fed = score(single("float32", None), body(message)).feeds["x"]

    assert np.array_equal(fed, [np.nan, np.inf, -np.inf], equal_nan=True)


@pytest.mark.parametrize("data_type", [1, "1", "FLOAT", "float"])
def test_the_data_type_is_a_number_or_a_name(data_type: Any) -> None:
    message = {"dims": ["1"], "dataType": data_type, "rawData": b64(bytes(4))}

    assert score(single("float32", None), body(message)).size == 1


def test_names_of_the_proto_file_are_read_too() -> None:
    message = {"dims": ["1"], "data_type": 1, "raw_data": b64(bytes(4)), "name": "x"}
    call = score(single("float32", None), body(message, output_filter=["y"]))

    assert call.outputs == ["y"]


def test_the_output_filter_chooses_outputs() -> None:
    outputs = {"a": tensor("int64", 1), "b": tensor("string", 2)}
    message = {"dims": ["1"], "dataType": 1, "floatData": [1]}
    call = score(single("float32", None, outputs=outputs), body(message, outputFilter=["b"]))

    assert call.outputs == ["b"]
    assert json.loads(call.encode([np.array(["x", "é"], object)], "1").body) == {
        "outputs": {
            "b": {"dims": ["2"], "dataType": 8, "stringData": [b64(b"x"), b64("é".encode())]}
        }
    }


def test_an_empty_tensor_needs_no_data() -> None:
    assert score(single("float32", None), body({"dims": ["0"], "dataType": 1})).feeds[
        "x"
    ].shape == (0,)
    assert score(single("string", None), body({"dims": ["0"], "dataType": 8})).feeds["x"].shape == (
        0,
    )


@pytest.mark.parametrize(
    ("dtype", "message", "part"),
    [
        ("float32", {"dims": "1", "dataType": 1}, "shape has to be a list of sizes"),
        ("float32", {"dims": ["-1"], "dataType": 1}, "shape has to be a list of sizes"),
        ("float32", {"dims": ["1e3"], "dataType": 1}, "shape has to be a list of sizes"),
        ("float32", {"dims": ["99999999999999"], "dataType": 1}, "too many elements"),
        ("float32", {"dims": ["1"], "dataType": 11, "rawData": ""}, "wants dataType 1 (float32)"),
        ("float32", {"dims": ["1"], "rawData": ""}, "wants dataType 1 (float32)"),
        ("float32", {"dims": ["1"], "dataType": "DOUBLE"}, "wants dataType 1 (float32)"),
        ("float32", {"dims": ["1"], "dataType": [1]}, "wants dataType 1 (float32)"),
        ("float32", {"dims": ["1"], "dataType": 1}, "takes 4 bytes; got 0"),
        ("float32", {"dims": ["1"], "dataType": 1, "rawData": b64(bytes(5))}, "takes 4 bytes; got 5"),
        ("float32", {"dims": ["1"], "dataType": 1, "rawData": "a?=="}, "not base64"),
        ("float32", {"dims": ["1"], "dataType": 1, "rawData": 5}, "not base64"),
        ("float32", {"dims": ["1"], "dataType": 1, "rawData": "é"}, "not base64"),
        ("float32", {"dims": ["1"], "dataType": 1, "doubleData": [1]}, "in rawData or floatData"),
        ("float32", {"dims": ["1"], "dataType": 1, "floatData": [1], "rawData": b64(bytes(4))}, "in rawData or floatData"),
        ("float32", {"dims": ["1"], "dataType": 1, "floatData": 1}, "floatData has to be a list"),
        ("float32", {"dims": ["2"], "dataType": 1, "floatData": [1]}, "holds 1 values; dims [2] take 2"),
        ("float32", {"dims": ["1"], "dataType": 1, "floatData": ["x"]}, "has a value that is not float32"),
        ("float32", {"dims": ["1"], "dataType": 1, "floatData": [[1]]}, "has a value that is not float32"),
        ("float32", {"dims": ["1"], "dataType": 1, "floatData": [None]}, "has a value that is not float32"),
        ("float32", {"dims": ["1"], "dataType": 1, "floatData": [1e39]}, "beyond the range of float32"),
        ("int64", {"dims": ["1"], "dataType": 7, "int64Data": ["1.5"]}, "has a value that is not int64"),
        ("int64", {"dims": ["1"], "dataType": 7, "int64Data": ["9223372036854775808"]}, "has a value that is not int64"),
        ("uint8", {"dims": ["1"], "dataType": 2, "int32Data": [256]}, "has a value that is not uint8"),
        ("bool", {"dims": ["1"], "dataType": 9, "int32Data": [2]}, "has a value that is not bool"),
        ("bool", {"dims": ["1"], "dataType": 9, "rawData": b64(b"\x02")}, "every byte has to be 0 or 1"),
        ("string", {"dims": ["1"], "dataType": 8, "rawData": b64(b"a")}, "in rawData or stringData"),
        ("string", {"dims": ["1"], "dataType": 8, "stringData": ["?"]}, "not base64"),
        ("string", {"dims": ["1"], "dataType": 8, "stringData": [b64(b"\xff")]}, "not UTF-8 at element 0"),
        ("float32", {"dims": ["1"], "dataType": 1, "segment": {}}, "unknown member 'segment'"),
        ("float32", {"dims": ["1", "1"], "dataType": 1, "floatData": [1]}, "wants float32[?]; got [1, 1]"),
    ],
)  # fmt: skip
def test_a_wrong_tensor_is_refused(dtype: str, message: Any, part: str) -> None:
    assert part in refusal(dtype, message)


@pytest.mark.parametrize(
    ("members", "part"),
    [
        ({"outputFilter": ["z"]}, "unknown output 'z'"),
        ({"outputFilter": "y"}, "'outputFilter' has to be a list"),
        ({"outputFilter": [["y"]]}, "unknown output 'list'"),
        ({"extra": 1}, "unknown member 'extra' beside 'inputs' and 'outputFilter'"),
    ],
)
def test_wrong_members_are_refused(members: Any, part: str) -> None:
    assert part in refusal("float32", {"dims": ["1"], "dataType": 1, "floatData": [1]}, **members)


def test_missing_and_unknown_inputs_are_named() -> None:
    message = {"dims": ["1"], "dataType": 1, "floatData": [1]}
    compiled = codec({"a": tensor("float32", 1), "b": tensor("float32", 1)})
    for inputs, part in (
        ({"a": message}, "missing input 'b'"),
        ({"c": message}, "unknown input 'c'"),
    ):
        with pytest.raises(BadRequest) as caught:
            score(compiled, json.dumps({"inputs": inputs}).encode())
        assert part in caught.value.message


def test_outputs_that_are_no_tensors_have_to_be_left_out() -> None:
    outputs = {
        "label": tensor("int64", 1),
        "p": SequenceType(MapType("int64", TensorType("float32", ()))),
    }
    message = {"dims": ["1"], "dataType": 1, "floatData": [1]}
    compiled = single("float32", 1, outputs=outputs)

    with pytest.raises(BadRequest, match="'p' is sequence"):
        score(compiled, body(message))
    assert score(compiled, body(message, outputFilter=["label"])).outputs == ["label"]
