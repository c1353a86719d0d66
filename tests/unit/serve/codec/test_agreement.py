"""The fast ways decide nothing by themselves: for any body they give what the exact way gives, or leave it to it."""

import json
from typing import Any

import numpy as np
import pytest
from fake.signatures import codec, single
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnxport_serve.codec import ModelCodec, quick, score, v2
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.codec.quick import QuickReader
from onnxport_serve.codec.tensor_fast import NumberParser, NumberReader, count_arrays
from onnxport_serve.codec.tensor_json import read_nested
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import TensorType

NUMERIC = ["float16", "float32", "float64", "int8", "int64", "uint8", "uint64", "int32"]
NUMBERS = (
    st.integers(-(2**64), 2**65)
    | st.integers(-300, 300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-9, 9).map(float)
)
LEAVES = NUMBERS | st.sampled_from([True, False, None, "1", "[", "", {}, {"a": [1]}])
NESTED = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=4), max_leaves=12)
DIRTY = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4), max_leaves=12)


@st.composite
def rectangular(draw: st.DrawFn) -> Any:
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    numbers = st.integers(-200, 200) if draw(st.booleans()) else NUMBERS
    return _rectangular(draw, shape, numbers)


def _rectangular(draw: st.DrawFn, shape: list[int], numbers: st.SearchStrategy[Any]) -> Any:
    if not shape:
        return draw(numbers)
    return [_rectangular(draw, shape[1:], numbers) for _ in range(shape[0])]


VALUES = rectangular() | NESTED | DIRTY


def exact(value: Any, dtype: str) -> np.ndarray | None:
    try:
        return read_nested(json.loads(json.dumps(value)), ELEMENTS[dtype], "x", 64)
    except BadRequest:
        return None


def same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None:
        return one is other
    return (
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )


@settings(deadline=None, max_examples=250)
@given(value=VALUES, dtype=st.sampled_from(NUMERIC))
@example(value=[[1, [2]], [3, 4]], dtype="float32")
@example(value=[[1, 2], [3], [4, 5, 6]], dtype="float32")
@example(value=[[1, 2], [[], 3]], dtype="float32")
@example(value=[2**64 - 1, -1], dtype="uint64")
def test_simdjson_gives_what_the_exact_way_gives(value: Any, dtype: str) -> None:
    body = json.dumps(value).encode()
    node = NumberParser().parse(body)
    read = NumberReader(ELEMENTS[dtype]).read(node)

    if read is not None and read[2] == count_arrays(body):
        assert same(exact(value, dtype), read[0].reshape(read[1]))


@settings(deadline=None, max_examples=250)
@given(value=VALUES, dtype=st.sampled_from(NUMERIC))
def test_the_quick_way_gives_what_the_exact_way_gives(value: Any, dtype: str) -> None:
    compiled = codec({"x": TensorType(dtype, None)})
    reader = QuickReader(compiled_input(compiled))
    array = reader.read(json.dumps({"data": value}, separators=(",", ":")).encode())

    if array is not None:
        assert same(exact(value, dtype), array)


@pytest.mark.parametrize("shape", [None, ("N", 2), (2, 2), ("N",), ()], ids=str)
@settings(deadline=None, max_examples=100)
@given(value=VALUES, dtype=st.sampled_from(NUMERIC), form=st.sampled_from(["data", "x", "inputs"]))
def test_all_ways_say_the_same_of_a_score_body(
    shape: Any, value: Any, dtype: str, form: str
) -> None:
    document = {"inputs": {"x": value}} if form == "inputs" else {form: value}
    body = json.dumps(document, separators=(",", ":")).encode()
    compiled = codec({"x": TensorType(dtype, shape)})

    small = outcome(compiled, body, largest=10**9)
    assert small == outcome(compiled, body, largest=0)
    assert small == outcome(compiled, body.replace(b'":', b'" :', 1), largest=10**9)


@settings(deadline=None, max_examples=100)
@given(value=VALUES, dtype=st.sampled_from(NUMERIC), shape=st.lists(st.integers(0, 4), max_size=3))
def test_all_ways_say_the_same_of_a_v2_body(value: Any, dtype: str, shape: list[int]) -> None:
    tensor = {"name": "x", "shape": shape, "datatype": ELEMENTS[dtype].v2, "data": value}
    body = json.dumps({"inputs": [tensor], "id": "[", "parameters": {"p": [[1]]}}).encode()
    compiled = codec({"x": TensorType(dtype, None)})

    assert v2_outcome(compiled, body, largest=10**9) == v2_outcome(compiled, body, largest=0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_the_fast_ways_are_taken_for_plain_numbers(dtype: str) -> None:
    value = np.arange(24).reshape(2, 3, 4).tolist()
    body = json.dumps({"data": value}, separators=(",", ":")).encode()
    reader = NumberReader(ELEMENTS[dtype])
    node = NumberParser().parse(body)

    read = reader.read(node["data"])
    assert read is not None
    assert (read[1], read[2]) == ((2, 3, 4), count_arrays(body))
    if dtype != "int32":  # NumPy infers 64 bits; the exact way narrows
        assert QuickReader(compiled_input(single(dtype, 2, 3, 4))).read(body) is not None


def test_an_array_outlives_the_parser_that_it_came_from() -> None:
    compiled = single("float64", "N")
    first = compiled.decode_score(json.dumps({"data": [1.5] * 1000}).encode(), b"").feeds["x"]
    compiled.decode_score(json.dumps({"data": [2.5] * 1000}).encode(), b"")

    assert first.tolist() == [1.5] * 1000


def compiled_input(compiled: ModelCodec) -> Any:
    return compiled._score._inputs.all[0]


def outcome(compiled: ModelCodec, body: bytes, *, largest: int) -> Any:
    """What a body decodes to when bodies above `largest` go through simdjson."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "LARGEST", largest)
        return _outcome(lambda: compiled.decode_score(body, b"application/json"))


def v2_outcome(compiled: ModelCodec, body: bytes, *, largest: int) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(v2, "LARGEST", largest)
        return _outcome(lambda: compiled.decode_v2(body, None))


def _outcome(decode: Any) -> Any:
    try:
        feeds = decode().feeds
    except BadRequest as error:
        return error.message
    return {name: (array.dtype.name, array.shape, array.tobytes()) for name, array in feeds.items()}


def test_the_limit_between_small_and_large_bodies_is_shared() -> None:
    assert quick.LARGEST == score.LARGEST == v2.LARGEST
