"""A long list that cannot be what the model takes is refused from its beginning: the rest of it is not even JSON here."""

import json

import pytest
from fake.signatures import codec, score, tensor
from onnxport_serve.errors import BadRequest

REST = b",!" * (1 << 20)
COLUMNS = codec({"age": tensor("float32", "N", 1), "kids": tensor("int64", "N", 1)})
IMAGE = codec({"x": tensor("float32", "N", 3, 8, 8)})


@pytest.mark.parametrize(
    ("compiled", "start", "part"),
    [
        (IMAGE, b"[{}", "the body is a list; send one of"),
        (IMAGE, b" \n[1", "the body is a list; send one of"),
        (COLUMNS, b"[1", "the body is a list; send one of"),
        (COLUMNS, b"[{}", "record 0 has no 'age'"),
        (COLUMNS, b'[ {"age": 1}', "record 0 has no 'kids'"),
        (COLUMNS, b'[{"age": 1, "kids": 2, "x": "[1]"}', "record 0: unknown input 'x'"),
    ],
)
def test_the_beginning_says_why(compiled, start, part) -> None:
    with pytest.raises(BadRequest) as caught:
        score(compiled, start + REST)

    assert part in caught.value.message


@pytest.mark.parametrize(
    "start",
    [b'[{"age": 1, "kids": 2}', b'[{"a}": 1}', b'[{"age": {}}', b"[]", b"[" + b" " * (1 << 17)],
)
def test_what_the_beginning_leaves_open_is_read(start) -> None:
    with pytest.raises(BadRequest, match="the body is not JSON"):
        score(COLUMNS, start + REST)


def test_many_right_records_are_taken() -> None:
    records = [{"age": 1.5, "kids": 2}] * 60_000
    body = json.dumps(records).encode()

    assert len(body) > 1 << 20
    assert (60_000, 1) == score(COLUMNS, body).feeds["age"].shape
