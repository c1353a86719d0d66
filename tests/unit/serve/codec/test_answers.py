"""Outputs as JSON on `/score`."""

import json
from typing import Any

import numpy as np
import pytest
from fake.signatures import score, single, tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnxport_serve.codec import Answer
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import MapType, OptionalType, SequenceType, TensorType, ValueType

FLOATS = ["float16", "float32", "float64"]
PLAIN = [name for name, element in ELEMENTS.items() if element.kind not in ("opaque", "string")]
SCALAR = TensorType("float32", ())


def answer(kind: ValueType, value: Any) -> Answer:
    return score(single("float32", 1, outputs={"nan": kind}), b'{"data":[1]}').encode([value], "1")


def result(kind: ValueType, value: Any) -> Any:
    return json.loads(answer(kind, value).body)["result"]


@settings(deadline=None)
@given(dtype=st.sampled_from(PLAIN), data=st.data())
def test_numbers_come_back_exactly_and_the_rest_as_null(dtype: str, data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    array = data.draw(hnp.arrays(dtype, shape))
    if data.draw(st.booleans()):
        array = array.T
    finite = np.isfinite(array)
    written = answer(TensorType(dtype, None), array)

    nested = json.loads(written.body)["result"]
    assert written.nonfinite == array.size - int(finite.sum())
    back = np.array(nested, object).reshape(array.shape)
    assert [value is not None for value in back.ravel()] == finite.ravel().tolist()
    assert np.array_equal(back[finite].astype(dtype), array[finite])


@pytest.mark.parametrize("dtype", FLOATS)
def test_digits_are_the_shortest_that_give_the_number_back(dtype: str) -> None:
    assert result(TensorType(dtype, None), np.array(0.1, "float32")) == 0.1
    assert (
        answer(TensorType("float32", None), np.array([0.1], "float32")).body == b'{"result":[0.1]}'
    )


def test_texts_keep_their_characters() -> None:
    texts = np.array([["", 'a"b'], ["é\u0000", "null"]], object)

    assert result(tensor("string", 2, 2), texts) == texts.tolist()
    assert answer(tensor("string", 2, 2), texts).nonfinite == 0


def test_a_zipmap_becomes_a_list_of_objects() -> None:
    kind = SequenceType(MapType("int64", SCALAR))
    value = [{0: 0.25, 1: 0.75}, {0: float("nan"), 1: float("inf")}]

    assert result(kind, value) == [{"0": 0.25, "1": 0.75}, {"0": None, "1": None}]
    assert answer(kind, value).nonfinite == 2


def test_maps_with_text_keys_become_objects() -> None:
    kind = SequenceType(MapType("string", SCALAR))

    assert result(kind, [{"null": 0.5}]) == [{"null": 0.5}]
    assert answer(kind, [{"null": 0.5}]).nonfinite == 0


def test_a_sequence_of_tensors_becomes_a_list() -> None:
    value = [
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.array([np.nan], np.float16),
        np.array(["a"], object),
    ]

    assert result(SequenceType(TensorType("float32", None)), value) == [
        [[0, 3], [1, 4], [2, 5]],
        [None],
        ["a"],
    ]
    assert answer(SequenceType(TensorType("float32", None)), value).nonfinite == 1


def test_an_absent_optional_output_is_null() -> None:
    assert result(OptionalType(tensor("float32", 1)), None) is None
    assert answer(OptionalType(tensor("float32", 1)), None).nonfinite == 0


def test_nan_is_counted_over_all_outputs() -> None:
    outputs = {"a": tensor("float32", 2), "b": tensor("float64", 1), "nan": tensor("string", 1)}
    call = score(single("float32", 1, outputs=outputs), b'{"x":[1]}')
    values = [np.array([np.nan, 1], np.float32), np.array([-np.inf]), np.array(["nan"], object)]
    written = call.encode(values, "1")

    assert written.nonfinite == 2
    assert json.loads(written.body) == {"outputs": {"a": [None, 1], "b": [None], "nan": ["nan"]}}


def test_names_of_outputs_are_escaped() -> None:
    call = score(single("float32", 1, outputs={'a"%b\n': tensor("int8", 1)}), b'{"x":[1]}')

    assert json.loads(call.encode([np.array([1], np.int8)], "1").body) == {
        "outputs": {'a"%b\n': [1]}
    }


def test_an_output_that_json_lacks_is_refused_before_the_run() -> None:
    outputs = {"y": tensor("bfloat16", 1), "z": tensor("float32", 1)}
    compiled = single("float32", 1, outputs=outputs)

    for body in (b'{"data": [1]}', b'{"data":[1]}', b'{"inputs": {"x": [1]}}', b'{"x": [1]}'):
        with pytest.raises(
            BadRequest, match=r"'y' is bfloat16.*, which JSON cannot express; use /v2"
        ):
            score(compiled, body)
