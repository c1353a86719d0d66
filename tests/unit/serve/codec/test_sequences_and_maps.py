"""Sequences, maps and optional values as inputs, and what ONNX Runtime makes of them."""

import json
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from fake.signatures import codec, score, tensor
from onnx import TensorProto, helper
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import MapType, OptionalType, SequenceType, TensorType, ValueType

SCALAR = TensorType("float32", ())
TENSORS = SequenceType(tensor("float32", None, 2))


def read(kind: ValueType, value: Any, optional: bool = False) -> Any:
    compiled = codec({"x": kind}, optional=("x",) if optional else ())
    return score(compiled, json.dumps({"inputs": {"x": value}}).encode()).feeds


def refusal(kind: ValueType, value: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        read(kind, value)
    return caught.value.message


def test_a_sequence_is_a_list_of_its_elements() -> None:
    fed = read(TENSORS, [[[1, 2]], [], [[1, 2], [3, 4]]])["x"]

    assert [array.shape for array in fed] == [(1, 2), (0, 2), (2, 2)]
    assert {array.dtype for array in fed} == {np.dtype(np.float32)}
    assert read(TENSORS, [])["x"] == []


@pytest.mark.parametrize(
    ("kind", "value", "fed"),
    [
        (MapType("string", SCALAR), {"a": 1, "b": 0.5}, {"a": 1.0, "b": 0.5}),
        (MapType("int64", SCALAR), {"-1": 1, "7": 0.5}, {-1: 1.0, 7: 0.5}),
        (MapType("int64", TensorType("string", ())), {"1": "a"}, {1: "a"}),
        (MapType("string", TensorType("int64", ())), {"a": 2.0}, {"a": 2}),
        (SequenceType(MapType("string", SCALAR)), [{"a": 1}], [{"a": 1.0}]),
        (
            MapType("string", SequenceType(TensorType("int64", ()))),
            {"a": [1]},
            {"a": [np.array(1)]},
        ),
    ],
)
def test_a_map_is_an_object(kind: ValueType, value: Any, fed: Any) -> None:
    assert read(kind, value) == {"x": fed}


@pytest.mark.parametrize(
    ("kind", "value", "part"),
    [
        (TENSORS, {"a": 1}, "input 'x' wants a list: sequence(float32[?, 2])"),
        (TENSORS, [[[1, 2]], [[1]]], "input 'x[1]' wants float32[?, 2]; got [1, 1]"),
        (TENSORS, [[[1, True]]], "input 'x[0]' wants float32; got a boolean at [0][1]"),
        (MapType("string", SCALAR), [1], "input 'x' wants an object: map(string, float32[])"),
        (MapType("string", SCALAR), {}, "ONNX Runtime takes no empty map"),
        (MapType("string", SCALAR), {"a": "b"}, "wants float32; got a string at [0]"),
        (MapType("string", SCALAR), {"a": [1]}, "wants float32; got a list at [0]"),
        (MapType("int64", SCALAR), {"a": 1}, "keys are different int64 numbers"),
        (MapType("int64", SCALAR), {"1": 1, "01": 2}, "keys are different int64 numbers"),
        (MapType("int64", SCALAR), {"9" * 5000: 1}, "keys are different int64 numbers"),
        (MapType("int64", SCALAR), {"9223372036854775808": 1}, "keys are different int64 numbers"),
        (SequenceType(TENSORS), [[[[1]]]], "input 'x[0][0]' wants float32[?, 2]"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: ValueType, value: Any, part: str) -> None:
    assert part in refusal(kind, value)


def test_an_optional_value_may_be_null_or_left_out() -> None:
    kind = OptionalType(TENSORS)

    assert read(kind, None, optional=True) == {}
    assert read(kind, [], optional=True) == {"x": []}
    assert read(OptionalType(tensor("float32", 1)), None, optional=True) == {}
    assert read(OptionalType(tensor("float32", 1)), [2], optional=True)["x"].tolist() == [2.0]
    assert read(SequenceType(OptionalType(tensor("int8", 1))), [None, [1]])["x"][0] is None


def test_values_nested_deeper_than_the_limit_are_refused() -> None:
    kind: ValueType = tensor("float32", 1)
    for _ in range(6):
        kind = SequenceType(kind)
    body = b'{"data": [[[[[[[1]]]]]]]}'

    assert score(codec({"x": kind}, depth=8), body).feeds
    for depth in range(1, 8):
        with pytest.raises(BadRequest, match="nested"):
            score(codec({"x": kind}, depth=depth), body)


def test_the_data_form_carries_sequences_and_maps() -> None:
    compiled = codec({"x": MapType("string", SCALAR)})

    assert score(compiled, b'{"data": {"a": 1}}').feeds == {"x": {"a": 1.0}}
    assert score(compiled, b'{"data": {"data": 1}}').feeds == {"x": {"data": 1.0}}


def test_onnx_runtime_takes_what_was_read() -> None:
    kind = helper.make_map_type_proto(
        TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    )
    graph = helper.make_graph(
        [
            helper.make_node(
                "DictVectorizer", ["x"], ["y"], domain="ai.onnx.ml", string_vocabulary=["a", "b"]
            )
        ],
        "vectorize",
        [helper.make_value_info("x", kind)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
    )
    session = open_session(graph)
    feeds = score(codec({"x": MapType("string", SCALAR)}), b'{"data": {"b": 2}}').feeds

    assert session.run(None, feeds)[0].tolist() == [[0.0, 2.0]]


def test_onnx_runtime_echoes_a_sequence() -> None:
    value = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)
    echo = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "echo", [value], [echo])
    sequence = SequenceType(TensorType("float32", None))
    call = score(codec({"x": sequence}, {"y": sequence}), b'{"data": [[1, 2], [[3]]]}')
    outputs = open_session(graph).run(None, call.feeds)

    assert json.loads(call.encode(outputs, "1").body) == {"result": [[1, 2], [[3]]]}


def open_session(graph: onnx.GraphProto) -> onnxruntime.InferenceSession:
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
