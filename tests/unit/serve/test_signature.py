"""The signature of `bundle.json` as the data plane reads it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxport_serve.signature import (
    ONNX_CODE,
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
)

DTYPES = st.sampled_from(sorted(ONNX_CODE))
DIMENSIONS = st.none() | st.integers(0, 2**40) | st.text(min_size=1, max_size=5)
TENSORS = st.builds(TensorType, DTYPES, st.none() | st.lists(DIMENSIONS, max_size=4).map(tuple))
TYPES = st.recursive(
    TENSORS,
    lambda inner: (
        st.builds(SequenceType, inner)
        | st.builds(MapType, DTYPES, inner)
        | st.builds(OptionalType, inner)
    ),
    max_leaves=4,
)
VALUES = st.lists(st.builds(NamedValue, st.text(max_size=8), TYPES, st.booleans()), max_size=4)


@settings(deadline=None)
@given(inputs=VALUES, outputs=VALUES)
def test_a_signature_survives_its_json_form(
    inputs: list[NamedValue], outputs: list[NamedValue]
) -> None:
    signature = Signature(tuple(inputs), tuple(outputs))

    assert Signature.from_json(signature.to_json()) == signature


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (TensorType("float32", ("N", 1, None, 28)), "float32[N, 1, ?, 28]"),
        (TensorType("int64", ()), "int64[]"),
        (TensorType("string", None), "string[...]"),
        (
            SequenceType(MapType("int64", TensorType("float32", ()))),
            "sequence(map(int64, float32[]))",
        ),
        (OptionalType(TensorType("bool", (1,))), "optional(bool[1])"),
    ],
    ids=["symbolic", "scalar", "unknown rank", "zipmap", "optional"],
)
def test_a_type_has_a_short_form_for_messages(kind: TensorType, text: str) -> None:
    assert str(kind) == text


@pytest.mark.parametrize(
    "document",
    [
        {"type": "sparse"},
        {"type": "tensor", "dtype": "float31", "shape": []},
        {"type": "map", "key": "text", "value": {"type": "tensor", "dtype": "bool", "shape": []}},
    ],
    ids=["type", "element type", "key type"],
)
def test_an_unknown_type_is_refused(document: dict[str, object]) -> None:
    value = {"name": "x", "type": document, "required": True}

    with pytest.raises(ValueError, match="unknown"):
        Signature.from_json({"inputs": [value], "outputs": []})
