"""From requests to the arguments of `run`."""

import inspect
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.worker.inputs import Incoming, ObjectInput, Refused, TextInput

JSON = [("content-type", "application/json; charset=utf-8")]


def outcome(kind: TextInput | ObjectInput, incoming: Incoming) -> tuple[dict[str, object], int]:
    """The arguments, or none and the status of the refusal."""
    try:
        return kind.arguments(incoming), 200
    except Refused as refused:
        return {}, refused.status


def parameters(function: object) -> list[inspect.Parameter]:
    assert callable(function)
    return list(inspect.signature(function).parameters.values())


@given(text=st.text(alphabet=st.characters(codec="utf-8")))
def test_text_comes_as_it_was_sent(text: str) -> None:
    assert {"x": text} == TextInput("x").arguments(Incoming(text.encode()))


@given(body=st.binary(max_size=200))
def test_any_body_is_text_or_refused(body: bytes) -> None:
    taken, status = outcome(TextInput("x"), Incoming(body))

    assert (status == 400) != (taken == {"x": body.decode("utf-8", "replace")})


@given(values=st.dictionaries(st.text(min_size=1), st.lists(st.text(), min_size=1, max_size=3)))
def test_a_query_becomes_json(values: dict[str, list[str]]) -> None:
    try:
        query = urlencode(values, doseq=True)
    except UnicodeEncodeError:
        return
    arguments = TextInput("x").arguments(Incoming(b"", "GET", "/score?" + query))

    assert list(values) == list(json.loads(arguments["x"]))


@given(query=st.text(alphabet=st.characters(max_codepoint=255)))
def test_any_query_is_read(query: str) -> None:
    json.loads(TextInput("x").arguments(Incoming(b"", "GET", "/score?" + query))["x"])


@given(body=st.binary(max_size=100) | st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(lambda v: json.dumps(v).encode()))  # fmt: skip
def test_any_object_is_taken_or_refused(body: bytes) -> None:
    taking = ObjectInput(parameters(lambda data, name="x": None))
    taken, status = outcome(taking, Incoming(body, headers=JSON))

    assert (status == 400) != (taken.keys() == {"data", "name"})


def test_an_object_that_is_nested_for_ever_is_refused() -> None:
    taking = ObjectInput(parameters(lambda data: None))

    with pytest.raises(Refused, match="nested too deeply"):
        taking.arguments(Incoming(b"[" * 100_000, headers=JSON))


@pytest.mark.parametrize("kind", [TextInput("x"), ObjectInput([])], ids=["text", "object"])
def test_other_methods_are_refused(kind: TextInput | ObjectInput) -> None:
    with pytest.raises(Refused) as refused:
        kind.arguments(Incoming(b"", "PATCH", headers=JSON))

    assert 405 == refused.value.status


def test_headers_have_their_usual_names() -> None:
    incoming = Incoming(b"", headers=[("x-ms-request-id", "1"), ("content-type", "a/b")])

    assert {"X-Ms-Request-Id": "1", "Content-Type": "a/b"} == incoming.title_headers()
