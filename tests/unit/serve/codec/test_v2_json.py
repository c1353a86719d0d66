"""The Open Inference Protocol in JSON: requests, answers, refusals."""

import json
from typing import Any

import numpy as np
import pytest
from fake.signatures import codec, single, tensor
from onnxport_serve.codec import Call, ModelCodec
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import MapType, SequenceType, TensorType

OUTPUTS = {"label": tensor("int64", "N"), "scores": tensor("float32", "N", 2)}
VALUES = [np.array([1]), np.array([[0.25, np.nan]], np.float32)]


def entry(
    name: str = "x", datatype: str = "FP32", shape: Any = (1, 2), **members: Any
) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), **members}


def decode(compiled: ModelCodec, *tensors: Any, **members: Any) -> Call:
    return compiled.decode_v2(json.dumps({"inputs": list(tensors), **members}).encode(), None)


def refusal(compiled: ModelCodec, *tensors: Any, **members: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        decode(compiled, *tensors, **members)
    return caught.value.message


@pytest.mark.parametrize("data", [[1.5, 2], [[1.5, 2]]], ids=["flat", "nested"])
@pytest.mark.parametrize("padding", ["", "p" * 2000], ids=["small", "large"])
def test_data_may_be_flat_or_nested(data: Any, padding: str) -> None:
    call = decode(single("float32", "N", 2), entry(data=data), id=padding)

    assert call.feeds["x"].dtype == np.float32
    assert call.feeds["x"].tolist() == [[1.5, 2.0]]
    assert (call.size, call.outputs) == (2, None)


def test_an_answer_names_model_version_and_every_output() -> None:
    call = decode(single("float32", "N", 2, outputs=OUTPUTS), entry(data=[1, 2]), id="a-7")
    answer = call.encode(VALUES, "3")

    assert answer.content_type == b"application/json"
    assert (answer.headers, answer.nonfinite) == ((), 1)
    assert json.loads(answer.body) == {
        "model_name": "fake",
        "model_version": "3",
        "id": "a-7",
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": [1], "data": [1]},
            {"name": "scores", "datatype": "FP32", "shape": [1, 2], "data": [0.25, None]},
        ],
    }


def test_chosen_outputs_come_in_the_order_of_the_request() -> None:
    call = decode(
        single("float32", "N", 2, outputs=OUTPUTS),
        entry(data=[1, 2]),
        outputs=[{"name": "scores"}, {"name": "label", "parameters": {"binary_data": False}}],
    )

    assert call.outputs == ["scores", "label"]
    answer = json.loads(call.encode(VALUES[::-1], "1").body)
    assert [output["name"] for output in answer["outputs"]] == ["scores", "label"]
    assert "id" not in answer


def test_unknown_members_and_parameters_are_ignored() -> None:
    call = decode(
        single("float32", "N", 2),
        entry(data=[1, 2], parameters={"content_type": "np"}),
        parameters={"priority": 1},
        timeout=5,
        outputs=[],
    )

    assert call.outputs is None


@pytest.mark.parametrize(
    ("dtype", "values"),
    [("float16", [0.5]), ("float64", [0.1]), ("bool", [True]), ("string", ["é\u0000"]), ("uint64", [2**64 - 1]),
     ("int64", [-(2**63)]), ("int8", [-128])],
)  # fmt: skip
def test_element_types_go_in_and_out(dtype: str, values: list[Any]) -> None:
    compiled = single(dtype, 1, outputs={"y": tensor(dtype, 1)})
    call = decode(compiled, entry(datatype=ELEMENTS[dtype].v2, shape=[1], data=values))

    answer = json.loads(call.encode([call.feeds["x"]], "1").body)
    assert answer["outputs"][0]["data"] == values


def test_a_scalar_has_an_empty_shape() -> None:
    call = decode(
        single("int64", outputs={"y": tensor("int64")}), entry(datatype="INT64", shape=[], data=[5])
    )

    assert call.feeds["x"].shape == ()
    assert json.loads(call.encode([np.array(5)], "1").body)["outputs"][0] == {
        "name": "y",
        "datatype": "INT64",
        "shape": [],
        "data": [5],
    }


def test_an_empty_batch_is_a_shape_with_zero() -> None:
    assert decode(single("float32", "N", 2), entry(shape=[0, 2], data=[])).feeds["x"].shape == (
        0,
        2,
    )


@pytest.mark.parametrize(
    ("tensors", "part"),
    [
        ([5], "every entry of 'inputs' has to be an object"),
        ([entry("q", data=[1, 2])], "unknown input 'q'"),
        ([{"shape": [1, 2], "datatype": "FP32", "data": [1, 2]}], "unknown input 'NoneType'"),
        ([], "missing input 'x'"),
        ([entry(data=[1, 2]), entry(data=[1, 2])], "input 'x' is given twice"),
        ([entry(datatype="FP64", data=[1, 2])], "input 'x' wants the datatype FP32"),
        ([entry(shape=[1, 3], data=[1, 2])], "states the shape [1, 3] but its data is [2]"),
        ([entry(shape=[2, 1], data=[[1, 2]])], "states the shape [2, 1] but its data is [1, 2]"),
        ([entry(shape=[2, 1], data=[1, 2])], "wants float32[N, 2]; got [2, 1]"),
        ([entry(shape=[-1, 2], data=[1, 2])], "shape has to be a list of sizes"),
        ([entry(shape=[1.0, 2], data=[1, 2])], "shape has to be a list of sizes"),
        ([entry(shape=[True, 2], data=[1, 2])], "shape has to be a list of sizes"),
        ([entry(shape=[1] * 65, data=[1])], "shape has to be a list of sizes"),
        ([{"name": "x", "datatype": "FP32", "shape": "12", "data": [1]}], "shape has to be a list of sizes"),
        ([entry(shape=[2**32, 2**32], data=[])], "too many elements"),
        ([entry(shape=[0, 2**62], data=[])], "too many elements"),
        ([entry()], "neither 'data' nor 'binary_data_size'"),
        ([entry(data=[1, "2"])], "got a string at [1]"),
        ([entry(data=[1, None])], "got null at [1]"),
        ([entry(data=[[1], [2, 3]])], "is ragged: got 2 values in row [1], expected 1"),
        ([entry(data=[1e39, 1])], "beyond the range of float32 at [0]"),
        ([entry(parameters={"binary_data_size": 8})], "states 8 bytes of binary data; 0 are left"),
        ([entry(data=[1, 2], parameters={"binary_data_size": 0})], "both 'data' and 'binary_data_size'"),
        ([entry(parameters={"binary_data_size": -1})], "binary_data_size has to be a number of bytes"),
        ([entry(parameters={"binary_data_size": True})], "binary_data_size has to be a number of bytes"),
        ([entry(data=[1, 2], parameters=[])], "'parameters' has to be an object"),
        ([entry(parameters={"shared_memory_region": "a"})], "shared memory"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("padding", ["", "p" * 2000], ids=["small", "large"])
def test_a_wrong_input_is_refused(tensors: list[Any], part: str, padding: str) -> None:
    assert part in refusal(single("float32", "N", 2), *tensors, id=padding)


@pytest.mark.parametrize(
    ("members", "part"),
    [
        ({"outputs": {"name": "label"}}, "'outputs' has to be a list of objects"),
        ({"outputs": ["label"]}, "'outputs' has to be a list of objects"),
        ({"outputs": [{"name": "labels"}]}, "unknown output 'labels'; this model gives 'label', 'scores'"),
        ({"outputs": [{"name": "label"}] * 2}, "repeated output 'label'"),
        ({"outputs": [{"name": "label", "parameters": {"classification": 3}}]}, "classification"),
        ({"outputs": [{"name": "label", "parameters": {"shared_memory_region": "a"}}]}, "shared memory"),
        ({"outputs": [{"name": "label", "parameters": {"binary_data": 1}}]}, "'binary_data' has to be true or false"),
        ({"parameters": {"binary_data_output": "yes"}}, "'binary_data_output' has to be true or false"),
        ({"parameters": 5}, "'parameters' has to be an object"),
        ({"id": 5}, "'id' has to be a text"),
    ],
)  # fmt: skip
def test_wrong_members_are_refused(members: dict[str, Any], part: str) -> None:
    assert part in refusal(
        single("float32", "N", 2, outputs=OUTPUTS), entry(data=[1, 2]), **members
    )


@pytest.mark.parametrize("body", [b"[]", b"5", b'{"inputs": {}}', b'{"inputs": null}'])
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="an object with a list 'inputs'"):
        single("float32", 1).decode_v2(body, None)


def test_sequences_and_maps_are_sent_to_score() -> None:
    zipmap = SequenceType(MapType("int64", TensorType("float32", ())))
    compiled = single("float32", "N", 2, outputs={"label": tensor("int64", "N"), "scores": zipmap})

    expected = "output 'scores' is sequence(map(int64, float32[])), which /v2 cannot carry; name others in 'outputs', or use /score"
    assert refusal(compiled, entry(data=[1, 2])) == expected
    assert decode(compiled, entry(data=[1, 2]), outputs=[{"name": "label"}]).outputs == ["label"]
    assert "only JSON on /score can carry" in refusal(codec({"x": zipmap}), entry(data=[]))


def test_an_output_that_json_lacks_has_to_be_asked_for_as_binary() -> None:
    compiled = single("float32", 1, outputs={"y": tensor("bfloat16", 1), "z": tensor("float32", 1)})

    message = refusal(compiled, entry(shape=[1], data=[1]))
    assert (
        message
        == "output 'y' is bfloat16, which JSON cannot express; ask for it with the parameter binary_data: true"
    )
    assert not decode(
        compiled, entry(shape=[1], data=[1]), outputs=[{"name": "z"}]
    ).wants_typed_outputs


def test_data_nested_deeper_than_the_limit_is_refused() -> None:
    compiled = codec({"x": TensorType("float32", None)}, depth=5)

    assert decode(compiled, entry(shape=[1, 1], data=[[1]])).size == 1
    assert "nested deeper than 2 lists" in refusal(compiled, entry(shape=[1, 1, 1], data=[[[1]]]))
    assert "nested deeper than 2 lists" in refusal(
        compiled, entry(shape=[1, 1, 1], data=[[[1]]]), id="p" * 2000
    )
