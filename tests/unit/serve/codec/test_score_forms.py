"""The forms of a `/score` body: how they are told apart, what they feed, and the form of their answers."""

import json
from typing import Any

import numpy as np
import pytest
from fake.signatures import codec, score, single, tensor
from onnxport_serve.codec import Call
from onnxport_serve.signature import TensorType

TWO = {"a": tensor("float32", "N", 2), "b": tensor("int64", "N")}


def feeds(call: Call) -> dict[str, Any]:
    return {name: value.tolist() for name, value in call.feeds.items()}


def answered(call: Call, *outputs: np.ndarray) -> Any:
    return json.loads(call.encode(list(outputs), "1").body)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"data": [[1, 2]]}', {"result": [0.5]}),
        (b'{"data":[[1,2]]}', {"result": [0.5]}),
        (b'{"inputs": {"x": [[1, 2]]}}', {"outputs": {"y": [0.5]}}),
        (b'{"x": [[1, 2]]}', {"outputs": {"y": [0.5]}}),
        (b'\xef\xbb\xbf{"x": [[1, 2]]}', {"outputs": {"y": [0.5]}}),
    ],
    ids=["data", "data without spaces", "inputs", "names", "byte order mark"],
)
def test_each_form_feeds_the_single_input_and_is_answered_in_its_way(
    body: bytes, answer: Any
) -> None:
    call = score(single("float32", "N", 2), body)

    assert feeds(call) == {"x": [[1.0, 2.0]]}
    assert call.feeds["x"].dtype == np.float32
    assert (call.size, call.outputs, call.typed) == (2, None, False)
    assert answered(call, np.array([0.5], np.float32)) == answer


@pytest.mark.parametrize("form", [b'{"inputs": %b}', b"%b"], ids=["inputs", "names"])
def test_several_inputs_are_given_by_name_in_any_order(form: bytes) -> None:
    call = score(codec(TWO), form % b'{"b": [7, 8], "a": [[1, 2], [3, 4]]}')

    assert feeds(call) == {"a": [[1.0, 2.0], [3.0, 4.0]], "b": [7, 8]}
    assert call.size == 6


def test_several_outputs_of_the_data_form_come_by_name() -> None:
    compiled = codec(
        {"x": tensor("float32", "N", 2)},
        {"label": tensor("int64", "N"), "probabilities": tensor("float32", "N", 2)},
    )
    call = score(compiled, b'{"data": [[1, 2]]}')

    answer = answered(call, np.array([1]), np.array([[0.25, 0.75]], np.float32))
    assert answer == {"result": {"label": [1], "probabilities": [[0.25, 0.75]]}}


@pytest.mark.parametrize(
    "content_type",
    [
        b"",
        b"application/json; charset=utf-8",
        b"application/x-www-form-urlencoded",
        b"text/csv",
        b"\xff",
    ],
)
def test_any_other_content_type_is_read_as_json(content_type: bytes) -> None:
    assert feeds(score(single("int32", 1), b'{"data": [5]}', content_type)) == {"x": [5]}


@pytest.mark.parametrize("name", ["data", "inputs"])
@pytest.mark.parametrize(
    "form", ['{"%s": [1, 2]}', '{"inputs": {"%s": [1, 2]}}'], ids=["name", "inputs"]
)
def test_an_input_named_like_a_form_works_both_ways(name: str, form: str) -> None:
    compiled = codec({name: tensor("float32", "N")})

    assert feeds(score(compiled, (form % name).encode())) == {name: [1.0, 2.0]}


def test_the_data_form_reaches_a_single_input_named_inputs() -> None:
    assert feeds(score(codec({"inputs": tensor("int8", 1)}), b'{"data": [3]}')) == {"inputs": [3]}


def test_an_input_named_data_beside_another_is_given_by_its_name() -> None:
    compiled = codec({"data": tensor("float32", "N"), "mask": tensor("bool", "N")})
    call = score(compiled, b'{"data": [1], "mask": [true]}')

    assert feeds(call) == {"data": [1.0], "mask": [True]}


def test_data_stands_for_the_only_input_that_has_to_be_given() -> None:
    compiled = codec({"x": tensor("float32", 1), "k": tensor("int64")}, optional=("k",))

    assert feeds(score(compiled, b'{"data": [1]}')) == {"x": [1.0]}
    assert feeds(score(compiled, b'{"x": [1], "k": 3}')) == {"x": [1.0], "k": 3}
    assert feeds(score(compiled, b'{"x": [1], "k": null}')) == {"x": [1.0]}


def test_a_model_whose_inputs_all_have_defaults_can_be_called_with_nothing() -> None:
    compiled = codec({"k": tensor("int64", 1)}, optional=("k",))

    assert score(compiled, b"{}").feeds == {}
    assert score(compiled, b'{"inputs": {}}').feeds == {}
    assert score(compiled, b'{"data": null}').feeds == {}


COLUMNS = {
    "age": tensor("float32", "N", 1),
    "city": tensor("string", None, 1),
    "kids": tensor("int64", "N"),
}


def test_records_become_columns() -> None:
    body = b'[{"age": 30, "city": "Ulm", "kids": 0}, {"kids": 2, "age": 41.5, "city": ""}]'
    call = score(codec(COLUMNS), body)

    assert feeds(call) == {"age": [[30.0], [41.5]], "city": [["Ulm"], [""]], "kids": [0, 2]}
    assert answered(call, np.array([0.5], np.float32)) == {"outputs": {"y": [0.5]}}


def test_one_record_feeds_scalars() -> None:
    compiled = codec({"a": tensor("float64"), "b": tensor("int32", 1, 1)})

    assert feeds(score(compiled, b'[{"a": 1.5, "b": 2}]')) == {"a": 1.5, "b": [[2]]}


def test_a_column_that_no_record_has_may_be_left_out_when_it_is_optional() -> None:
    assert feeds(score(codec(COLUMNS, optional=("kids",)), b'[{"age": 1, "city": "A"}]')) == {
        "age": [[1.0]],
        "city": [["A"]],
    }


@pytest.mark.parametrize(
    ("shape", "body", "fed"),
    [
        ((), b'{"data": 3}', (3,)),
        (("N", 4), b'{"data": []}', (0, 4)),
        (("N", 4, "M"), b'{"data": []}', (0, 4, 0)),
        (("N", "M"), b'{"data": [[], []]}', (2, 0)),
        ((0,), b'{"data": []}', (0,)),
        ((2, 0, 3), b'{"data": [[], []]}', (2, 0, 3)),
    ],
)
def test_scalars_and_empty_batches_have_the_shape_of_the_signature(
    shape: tuple[Any, ...], body: bytes, fed: tuple[int, ...]
) -> None:
    array = score(single("float32", *shape), body).feeds["x"]

    assert array.shape == (fed if shape else ())


def test_an_empty_batch_takes_symbolic_sizes_from_other_inputs() -> None:
    compiled = codec({"a": tensor("float32", "N", "M"), "b": tensor("float32", "K", "M")})
    call = score(compiled, b'{"a": [[1, 2, 3]], "b": []}')

    assert call.feeds["b"].shape == (0, 3)


def test_an_input_of_unknown_rank_takes_any_shape() -> None:
    compiled = codec({"x": TensorType("float32", None)})

    for value in ([], 1, [1], [[1, 2], [3, 4]]):
        body = json.dumps({"data": value}).encode()
        assert score(compiled, body).feeds["x"].tolist() == value


DTYPES = {
    "float16": [0.5, -2, 65504],
    "float32": [1, -0.25, 3.4e38],
    "float64": [1e308, 9007199254740993, 0.1],
    "int8": [-128, 127, 3.0],
    "int16": [-32768, 32767, 0],
    "int32": [-(2**31), 2**31 - 1, 0],
    "int64": [-(2**63), 2**63 - 1, 9007199254740993],
    "uint8": [0, 255, 7],
    "uint16": [0, 65535, 7],
    "uint32": [0, 2**32 - 1, 7],
    "uint64": [0, 2**64 - 1, 2**63 + 1],
    "bool": [True, False, True],
    "string": ["", "Grüße\u0000", "日本"],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", ['{"data":%s}', '{"inputs": {"x": %s}}'], ids=["data", "inputs"])
def test_every_element_type_is_read_exactly(dtype: str, form: str) -> None:
    values = DTYPES[dtype]
    array = score(single(dtype, "N"), (form % json.dumps(values)).encode()).feeds["x"]

    assert array.dtype == (object if dtype == "string" else dtype)
    assert array.tolist() == np.array(values, array.dtype).tolist()


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name not in ("bool", "string")])
def test_large_bodies_of_numbers_are_read_exactly(dtype: str) -> None:
    values = DTYPES[dtype] * 300
    array = score(single(dtype, "N"), json.dumps({"data": values}).encode()).feeds["x"]

    assert array.dtype == dtype
    assert array.tolist() == np.array(values, dtype).tolist()
