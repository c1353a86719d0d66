"""Names and references: what is accepted, what is refused with the rule."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.domain.names import (
    InvalidName,
    InvalidReference,
    ModelReference,
    check_endpoint_name,
    check_model_name,
    is_reference,
    parse_reference,
)

NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,30}", fullmatch=True)
ALIASES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9._-]{0,20}", fullmatch=True)
REFERENCES = st.one_of(
    st.builds(ModelReference, NAMES),
    st.builds(ModelReference, NAMES, st.integers(1, 2**31 - 1)),
    st.builds(ModelReference, NAMES, st.none(), ALIASES),
)


@given(REFERENCES)
def test_a_reference_survives_being_written_and_read(reference: ModelReference) -> None:
    assert reference == parse_reference(str(reference))
    assert is_reference(str(reference))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidReference, InvalidName):
        parse_reference(text)
    with contextlib.suppress(InvalidReference, InvalidName):
        parse_reference(f"models:/{text}")


@pytest.mark.parametrize(
    "text",
    [
        "models:/",
        "models:/a/0",
        "models:/a/x",
        "models:/a/1@b",
        "models:/a/1/2",
        "models:/a@",
        "models:a",
        "iris",
        "models:/a/99999999999999999999",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        parse_reference(text)


@pytest.mark.parametrize("name", ["a", "A-1.b_c", "x" * 255, "1"])
def test_model_names_are_those_of_the_azure_sdk(name: str) -> None:
    assert name == check_model_name(name)


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a/b", "ä", "x" * 256, "a\n"])
def test_other_model_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_model_name(name)


@pytest.mark.parametrize("name", ["a", "a-1", "x" * 63])
def test_endpoint_names_fit_host_names(name: str) -> None:
    assert name == check_endpoint_name(name)


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a.b", "a_b", "x" * 64, "a\n", ".."])
def test_other_endpoint_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_endpoint_name(name)
