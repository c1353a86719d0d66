"""Generated inputs fit the signature, and their `/score` body decodes to them."""

import json
from typing import Any

import numpy as np
import pytest
from fake.signatures import score, signature, tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxport_serve.codec import compile_codec
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.codec.example import generate_feeds, score_body
from onnxport_serve.signature import MapType, OptionalType, SequenceType, TensorType, ValueType

DTYPES = st.sampled_from([name for name, element in ELEMENTS.items() if element.has_json])
SHAPES = st.none() | st.lists(
    st.integers(1, 3) | st.sampled_from(["N", "M", None]), max_size=3
).map(tuple)
TENSORS = st.builds(TensorType, DTYPES, SHAPES)
MAPS = st.builds(
    MapType, st.sampled_from(["string", "int64"]), st.builds(TensorType, DTYPES, st.just(()))
)
TYPES = st.recursive(TENSORS | MAPS, lambda inner: st.builds(SequenceType, inner), max_leaves=3)


@settings(deadline=None)
@given(
    types=st.dictionaries(
        st.sampled_from(["a", "b", "data", "inputs"]), TYPES, min_size=1, max_size=3
    )
)
def test_the_body_of_generated_feeds_decodes_to_them(types: dict[str, ValueType]) -> None:
    model = signature(types)
    feeds = generate_feeds(model)
    body = json.dumps(score_body(model, feeds)).encode()
    call = score(compile_codec(model, name="fake", json_depth=64), body)

    assert comparable(call.feeds) == comparable(feeds)


def comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.name, value.shape, value.tolist()
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    return value


def test_the_body_is_the_one_that_a_person_would_send() -> None:
    one = signature({"x": tensor("float32", "N", 4)})
    two = signature({"x": tensor("int64", "N"), "s": tensor("string", 1, 1)})

    body = score_body(one, generate_feeds(one))
    assert body is not None
    assert list(body) == ["data"]
    assert all(len(str(number)) <= 4 for number in body["data"][0])
    assert score_body(two, generate_feeds(two)) == {"inputs": {"x": [0], "s": [["text"]]}}


def test_inputs_that_may_be_left_out_are() -> None:
    model = signature(
        {"x": tensor("float32", 1), "o": OptionalType(tensor("float32", 1)), "k": tensor("int64")},
        optional=("o", "k"),
    )

    assert list(generate_feeds(model)) == ["x"]


def test_examples_are_the_same_every_time() -> None:
    model = signature({"x": tensor("float32", 3, 3), "y": tensor("float64", 2)})

    assert comparable(generate_feeds(model)) == comparable(generate_feeds(model))


@pytest.mark.parametrize(
    "value", [np.array([np.nan], np.float32), np.array([np.inf]), [np.array([-np.inf])]], ids=str
)
def test_values_that_json_lacks_have_no_body(value: Any) -> None:
    assert score_body(signature({"x": TensorType("float32", None)}), {"x": value}) is None


def test_maps_with_values_that_json_lacks_have_no_body() -> None:
    model = signature({"x": MapType("string", TensorType("float32", ()))})

    assert score_body(model, {"x": {"a": float("nan")}}) is None
    assert score_body(model, {"x": {"a": 0.5}}) == {"data": {"a": 0.5}}


def test_elements_are_stored_in_as_many_bytes_as_they_have() -> None:
    """ONNX Runtime reads that many from the memory it is given."""
    sizes = {
        name: max(8, element.bits)
        for name, element in ELEMENTS.items()
        if element.kind not in ("string", "bool")
    }

    assert sizes == {name: 8 * ELEMENTS[name].storage.itemsize for name in sizes}
    assert 16 == sizes["bfloat16"]
