"""What `/score` refuses, and how the message helps."""

import json

import pytest
from fake.signatures import codec, score, single, tensor
from onnxport_serve.codec import ModelCodec
from onnxport_serve.errors import BadRequest, LoadError
from onnxport_serve.signature import MapType, SequenceType, TensorType

MNIST = {"Input3": tensor("float32", 1, 1, 28, 28)}
TWO = {"width": tensor("float32", "N", 2), "height": tensor("float32", "N", 2)}
COLUMNS = {"age": tensor("float32", "N", 1), "kids": tensor("int64", "N")}


def refusal(compiled: ModelCodec, body: bytes, content_type: bytes = b"application/json") -> str:
    with pytest.raises(BadRequest) as caught:
        score(compiled, body, content_type)
    return caught.value.message


def image(rows: int, columns: int, last: int) -> bytes:
    picture = [[0.5] * columns] * (rows - 1) + [[0.5] * last]
    return json.dumps({"data": [[picture]]}).encode()


def test_a_wrong_shape_says_what_is_wanted_and_what_came() -> None:
    body = json.dumps({"data": [[[0.5] * 28] * 28]}).encode()

    expected = (
        "input 'Input3' wants float32[1, 1, 28, 28]; got [1, 28, 28]; put it into one more list"
    )
    assert refusal(codec(MNIST), body) == expected


def test_a_ragged_list_says_where() -> None:
    expected = "input 'Input3' is ragged: got 27 values in row [0][0][27], expected 28"

    assert refusal(codec(MNIST), image(28, 28, 27)) == expected


@pytest.mark.parametrize(
    ("shape", "data", "end"),
    [
        ((2,), "5", "got []"),
        ((), "[5]", "got [1]; send a single value, not a list"),
        ((), "[[5]]", "got [1, 1]; send a single value, not a list"),
        (("N", 2), "[1, 2]", "got [2]; put it into one more list"),
        ((2,), "[[1, 2]]", "got [1, 2]; take away the outermost list"),
        ((3, 2), "[[1, 2]]", "got [1, 2]; this model takes exactly 3 at a time"),
        ((1, 2, 3), "[[[1, 2], [3, 4], [5, 6]]]", "got [1, 3, 2]; the axes are in another order"),
        ((2, 2), "[[1, 2, 3], [1, 2, 3], [1, 2, 3]]", "got [3, 3]"),
    ],
)
def test_a_guessable_mistake_in_a_shape_gets_advice(
    shape: tuple[int, ...], data: str, end: str
) -> None:
    compiled = single("float32", *shape)
    kind = TensorType("float32", shape)

    assert refusal(compiled, b'{"data": %b}' % data.encode()) == f"input 'x' wants {kind}; {end}"


def test_symbolic_dimensions_have_one_size_in_a_request() -> None:
    message = refusal(codec(TWO), b'{"width": [[1, 2]], "height": [[1, 2], [3, 4]]}')

    expected = "input 'height' wants float32[N, 2]; got [2, 2]: N is 2 there and 1 in input 'width'"
    assert message == expected


def test_a_symbolic_dimension_named_twice_in_one_input_has_one_size() -> None:
    message = refusal(single("float32", "N", "N"), b'{"data":[[1,2]]}')

    assert message == "input 'x' wants float32[N, N]; got [1, 2]: N is 2 there and 1 in input 'x'"


@pytest.mark.parametrize(
    ("dtype", "data", "part"),
    [
        ("float32", "[1, true]", "got a boolean at [1]"),
        ("float32", "[[1, 2], [3, null]]", "got null at [1][1]; NaN and infinities need a binary form"),
        ("float32", '[1, "2"]', "got a string at [1]; write numbers without quotes"),
        ("float32", "[1, {}]", "got an object at [1]"),
        ("float32", '{"a": 1}', "got an object at the top"),
        ("float32", "[0, 1e39]", "a number beyond the range of float32 at [1]"),
        ("float32", "[0, -1e39]", "a number beyond the range of float32 at [1]"),
        ("float32", "[0, 1" + "0" * 39 + "]", "a number beyond the range of float32 at [1]"),
        ("float16", "[65520]", "a number beyond the range of float16 at [0]"),
        ("int64", "[1, 2.5]", "wants whole numbers (int64); got a fraction at [1]"),
        ("int64", "[9223372036854775808]", "outside -9223372036854775808..9223372036854775807 (int64) at [0]"),
        ("int64", "[1e19]", "outside -9223372036854775808..9223372036854775807 (int64) at [0]"),
        ("uint8", "[[255], [256]]", "outside 0..255 (uint8) at [1][0]"),
        ("uint8", "[-1]", "outside 0..255 (uint8) at [0]"),
        ("uint64", "[-1]", "outside 0..18446744073709551615 (uint64) at [0]"),
        ("int8", "[-129]", "outside -128..127 (int8) at [0]"),
        ("bool", "[true, 1]", "wants bool; got a number at [1]; write true or false"),
        ("bool", '["true"]', "wants bool; got a string at [0]; write true or false"),
        ("string", '["a", 1]', "wants string; got a number at [1]"),
        ("string", "[null]", "wants string; got null at [0]"),
        ("float32", "[[1], 2]", "is ragged: [1] is a number, expected a list of 1"),
        ("float32", "[1, [2]]", "is ragged: [1] is a list, expected a single value"),
        ("float32", "[[1, [2]], [3, 4]]", "is ragged: [0][1] is a list, expected a single value"),
        ("float32", "[[], [1]]", "is ragged: got 1 values in row [1], expected 0"),
        ("float32", "null", "got null at the top"),
        ("bfloat16", "[1]", "is bfloat16, which JSON cannot express"),
        ("int4", "[1]", "is int4, which JSON cannot express"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("padding", [0, 2000], ids=["small", "large"])
def test_a_value_that_does_not_fit_is_refused_with_its_place(
    dtype: str, data: str, part: str, padding: int
) -> None:
    compiled = codec({"x": TensorType(dtype, None)})
    body = b'{"data":%b}' % data.encode() + b" " * padding

    assert part in refusal(compiled, body)


def test_messages_never_hold_values() -> None:
    secret = "hunter2secret"
    bodies = [f'{{"data": ["{secret}"]}}', f'{{"data": "{secret}"', f'["{secret}"]', f'"{secret}"']

    for body in bodies:
        assert secret not in refusal(single("float32", "N"), body.encode())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty; JSON is expected"),
        (b" \n", "the body is empty; JSON is expected"),
        (b'{"data": [1,, 2]}', "(line 1, column 13)"),
        (b'{"data":\n [1,\n oops]}', "(line 3, column 2)"),
        (b'{"data": [1, NaN]}', "NaN and infinities have no JSON form (line 1, column 14)"),
        (b'{"data": [Infinity]}', "NaN and infinities have no JSON form"),
        (b"\xff\xfe", "the body is not JSON"),
        (b'{"data": [1e999]}', "the body is not JSON"),
        (b'{"x": [1], "x": [2]}', "the body has an object with the same name twice"),
        (b'{"inputs": {"x": [1], "x": [2]}}', "the body has an object with the same name twice"),
        (b"[" * 3000, "the body is not JSON"),
    ],
)
def test_a_body_that_is_not_json_is_refused_with_its_position(body: bytes, message: str) -> None:
    assert message in refusal(single("float32", "N"), body)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b'{"data": [[1, 2]]}', "'data' is for models with a single input"),
        (b'{"inputs": {"width": [[1, 2]]}}', "missing input 'height'"),
        (b"{}", "missing inputs 'width', 'height'"),
        (b'{"width": [[1, 2]], "heigth": [[1, 2]]}', "unknown input 'heigth' (nearest: 'height')"),
        (b'{"inputs": {"width": [[1]], "q": 1, "z": 2}}', "unknown inputs 'q', 'z'"),
        (b'{"foo": 1}', "unknown input 'foo'"),
        (b'{"inputs": {}, "options": 1}', "unknown member 'options' beside 'inputs'"),
        (b'{"inputs": [[1, 2]]}', "'inputs' has to be an object"),
        (b'{"inputs": null}', "'inputs' has to be an object"),
        (b"[[1, 2]]", "the body is a list"),
        (b"17", "the body is a single value"),
        (b'{"width": null, "height": [[1, 2]]}', "got null at the top"),
    ],
)
def test_wrong_names_and_forms_are_refused_with_those_of_the_model(body: bytes, part: str) -> None:
    assert part in refusal(codec(TWO), body)


def test_the_forms_are_shown_with_the_names_of_the_model() -> None:
    message = refusal(single("float32", "N"), b"[1, 2]")

    expected = (
        'the body is a list; send one of: {"data": float32[N]} or {"inputs": {"x": float32[N]}} '
        'or {"x": float32[N]} or [{"x": float32[N]}, ...]'
    )
    assert message == expected


def test_a_member_beside_data_is_refused() -> None:
    assert "unknown member 'method' beside 'data'" in refusal(
        single("float32", 1), b'{"data": [1], "method": "predict"}'
    )


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b'[{"age": 1, "kids": 2}, {"age": 1}]', "record 1 has no 'kids'"),
        (b'[{"age": 1, "kids": 2, "x": 1}]', "record 0: unknown input 'x'"),
        (b'[{"age": [1], "kids": 2}]', "wants float32[N, 1]; got [1, 1, 1]"),
        (b'[{"age": 1, "kids": "a"}]', "got a string at [0]"),
        (b'[{"age": 1, "kids": 1}, 5]', "the body is a list"),
        (b"[]", "the body is a list"),
    ],
)
def test_a_wrong_record_is_named(body: bytes, part: str) -> None:
    assert part in refusal(codec(COLUMNS), body)


def test_records_have_the_same_columns() -> None:
    compiled = codec(COLUMNS, optional=("kids",))

    assert "record 0 has no 'kids'" in refusal(compiled, b'[{"age": 1}, {"age": 2, "kids": 3}]')
    assert "record 1 has no 'kids'" in refusal(compiled, b'[{"age": 1, "kids": 3}, {"age": 2}]')


def test_records_are_not_for_models_with_other_shapes() -> None:
    assert "the body is a list" in refusal(codec(MNIST), b'[{"Input3": 1}]')


@pytest.mark.parametrize(
    ("depth", "body"),
    [
        (3, b'{"data": [[[1]]]}'),
        (3, b'{"x": [[[1]]]}'),
        (3, b'{"inputs": {"x": [[1]]}}'),
        (64, b'{"data": ' + b"[" * 100 + b"]" * 100 + b"}"),
        (500, b'{"data": ' + b"[" * 100 + b"]" * 100 + b"}"),
        (3, b'{"x": [[[' + b"1, " * 1000 + b"1]]]}"),
    ],
    ids=["data", "names", "inputs", "limit", "more than numpy has", "large"],
)
def test_lists_nested_deeper_than_the_limit_are_refused(depth: int, body: bytes) -> None:
    compiled = codec({"x": TensorType("float32", None)}, depth=depth)

    assert "nested deeper" in refusal(compiled, body)


@pytest.mark.parametrize("depth", [1100, 100_000])
def test_a_body_nested_beyond_all_parsers_is_refused(depth: int) -> None:
    compiled = codec({"x": SequenceType(MapType("string", TensorType("float32", ())))})

    assert refusal(compiled, b'{"data":' + b"[" * depth + b"]" * depth + b"}")
    assert refusal(compiled, b'{"a":' * depth + b"1" + b"}" * depth)


def test_long_and_strange_names_are_cut_in_messages() -> None:
    message = refusal(single("float32", 1), json.dumps({"\n" * 500: 1}).encode())

    assert "\n" not in message
    assert len(message) < 300


def test_a_model_with_complex_numbers_cannot_be_served() -> None:
    with pytest.raises(LoadError) as caught:
        codec({"x": SequenceType(tensor("complex64", 1))})

    assert caught.value.code == "unsupported_type"
    assert "'x' is sequence(complex64[1])" in caught.value.message


@pytest.mark.parametrize("number", [b"-9223372036854775809", b"9223372036854775808", b"-1e19"])
def test_a_number_just_outside_64_bits_is_refused(number: bytes) -> None:
    compiled = codec({"x": tensor("int64", 1)})

    assert "outside" in refusal(compiled, b'{"data": [%b]}' % number)


@pytest.mark.parametrize(
    ("depth", "body"),
    [(4, b'{"data": [[[1]]]}'), (4, b'{"x": [[[1]]]}'), (5, b'{"inputs": {"x": [[[1]]]}}')],
    ids=["data", "names", "inputs"],
)
def test_lists_nested_up_to_the_limit_are_read(depth: int, body: bytes) -> None:
    compiled = codec({"x": TensorType("float32", None)}, depth=depth)

    assert (1, 1, 1) == score(compiled, body).feeds["x"].shape
