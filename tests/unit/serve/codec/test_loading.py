"""Members that are named twice are found wherever they can matter."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxport_serve.codec.loading import load_json
from onnxport_serve.errors import BadRequest

NAMES = st.sampled_from(["a", "b", "a:", '"', "", "é"])
LEAVES = st.integers(-5, 5) | st.text(":{}\"'a", max_size=3) | st.booleans()
OBJECTS = st.recursive(
    st.lists(st.tuples(NAMES, LEAVES), max_size=3).map(tuple),
    lambda inner: st.lists(st.tuples(NAMES, inner | LEAVES), max_size=3).map(tuple),
    max_leaves=6,
)


def text(members: Any) -> str:
    """The JSON of an object given as pairs, which may repeat a name."""
    if not isinstance(members, tuple):
        return json.dumps(members)
    return "{" + ", ".join(f"{json.dumps(name)}: {text(value)}" for name, value in members) + "}"


def repeats(members: Any) -> bool:
    if not isinstance(members, tuple):
        return False
    names = [name for name, _ in members]
    return len(set(names)) < len(names) or any(repeats(value) for _, value in members)


@settings(deadline=None)
@given(members=OBJECTS)
def test_repeated_names_are_refused_and_nothing_else(members: Any) -> None:
    body = text(members).encode()

    if repeats(members):
        with pytest.raises(BadRequest, match="the same name twice"):
            load_json(body)
    else:
        assert load_json(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": [{"name": "x", "name": "y"}]}',
        b'[{"a": 1}, {"a": 1, "a": 2}]',
        b'{"x": [[{"1": 1, "1": 2}]]}',
        b'{"x": "a:b", "x": "c:d"}',
    ],
)
def test_repeated_names_in_lists_are_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="the same name twice"):
        load_json(body)


def test_integers_beyond_64_bits_are_read_as_floats() -> None:
    assert load_json(b'{"a": 36893488147419103232}') == {"a": 2.0**65}
