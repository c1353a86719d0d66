"""Real models: what each form feeds gives the expected outputs, and what comes out is written back exactly."""

import json
from base64 import b64encode
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from heavy.cases import FOLDER, Case, Request, read_cases
from onnxport_serve.codec import Answer, Call, ModelCodec, compile_codec
from onnxport_serve.codec.arrays import join_strings
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.signature import (
    MapType,
    NamedValue,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
)

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no folder of real models beside the checkout"
)
SLOW = {"resnet50_light", "detection_fastestdet", "super_resolution"}
NAMES = {element.code: name for name, element in ELEMENTS.items()}


@pytest.mark.parametrize("case", read_cases(serves=True), ids=lambda case: case.name)
def test_every_form_gives_the_expected_outputs(case: Case) -> None:
    if case.name in SLOW:
        pytest.skip("takes seconds; the heavy suite runs it over HTTP")
    path = case.folder / "model.onnx"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    codec = compile_codec(signature_of(path), name=case.name, json_depth=64)
    for request in case.requests:
        named = {value.name: value.plain for value in request.inputs}
        calls = {
            "inputs": codec.decode_score(
                json.dumps({"inputs": named}).encode(), b"application/json"
            ),
            "names": codec.decode_score(json.dumps(named).encode(), b""),
        }
        if _tensors(codec):
            calls["runtime server"] = codec.decode_score(server_body(request, codec), b"")
            calls["v2 json"] = codec.decode_v2(v2_body(request, codec), None)
        for form, call in calls.items():
            outputs = session.run(call.outputs, call.feeds)
            assert_matches(request, call, session, outputs, form)
        written = calls["inputs"].encode(session.run(None, calls["inputs"].feeds), "1")
        assert_reads_back(request, written)


def signature_of(path: Any) -> Signature:
    """The signature of an ONNX file; initializers are no inputs here."""
    graph = onnx.load(path, load_external_data=False).graph
    weights = {weight.name for weight in graph.initializer}
    inputs = tuple(_value(value) for value in graph.input if value.name not in weights)
    return Signature(inputs, tuple(_value(value) for value in graph.output))


def _value(value: onnx.ValueInfoProto) -> NamedValue:
    return NamedValue(value.name, _type(value.type))


def _type(proto: onnx.TypeProto) -> ValueType:
    kind = proto.WhichOneof("value")
    if kind == "sequence_type":
        return SequenceType(_type(proto.sequence_type.elem_type))
    if kind == "map_type":
        return MapType(NAMES[proto.map_type.key_type], _type(proto.map_type.value_type))
    dtype = NAMES[proto.tensor_type.elem_type]
    if not proto.tensor_type.HasField("shape"):
        return TensorType(dtype, None)
    sizes = proto.tensor_type.shape.dim
    return TensorType(
        dtype,
        tuple(
            size.dim_value if size.HasField("dim_value") else size.dim_param or None
            for size in sizes
        ),
    )


def _tensors(codec: ModelCodec) -> list[str]:
    return [output.name for output in codec._score._outputs.all if output.element]


def server_body(request: Request, codec: ModelCodec) -> bytes:
    inputs = {}
    for value in request.inputs:
        assert value.array is not None
        message: dict[str, Any] = {"dims": [str(size) for size in value.array.shape]}
        if value.array.dtype == object:
            texts = [b64encode(text.encode()).decode() for text in value.array.ravel()]
            message |= {"dataType": "STRING", "stringData": texts}
        else:
            raw = b64encode(value.array.tobytes()).decode()
            message |= {"dataType": ELEMENTS[value.array.dtype.name].code, "rawData": raw}
        inputs[value.name] = message
    return json.dumps({"inputs": inputs, "outputFilter": _tensors(codec)}).encode()


def v2_body(request: Request, codec: ModelCodec) -> bytes:
    inputs = []
    for value in request.inputs:
        assert value.array is not None
        name = "string" if value.array.dtype == object else value.array.dtype.name
        inputs.append(
            {
                "name": value.name,
                "shape": value.array.shape,
                "datatype": ELEMENTS[name].v2,
                "data": value.plain,
            }
        )
    return json.dumps(
        {"inputs": inputs, "outputs": [{"name": name} for name in _tensors(codec)]}
    ).encode()


def assert_matches(
    request: Request, call: Call, session: Any, outputs: list[Any], form: str
) -> None:
    names = call.outputs or [output.name for output in session.get_outputs()]
    by_name = dict(zip(names, outputs, strict=True))
    for expected in request.expected:
        if expected.array is None or expected.name not in by_name:
            continue
        output = by_name[expected.name]
        assert output.shape == expected.array.shape, form
        if expected.array.dtype == object:
            assert join_strings(output) == join_strings(expected.array), form
        else:
            np.testing.assert_allclose(
                output, expected.array, rtol=0, atol=request.tolerance or 0, err_msg=form
            )


def assert_reads_back(request: Request, written: Answer) -> None:
    outputs = json.loads(written.body)["outputs"]
    nonfinite = 0
    for expected in request.expected:
        answered = outputs[expected.name]
        if expected.array is None:
            assert [set(row) for row in expected.plain] == [set(row) for row in answered]
        elif expected.array.dtype == object:
            assert expected.array.tolist() == answered
        else:
            finite = np.isfinite(expected.array)
            nonfinite += int((~finite).sum())
            got = np.array(answered, object)[finite].astype(np.float64)
            wanted = expected.array[finite]
            np.testing.assert_allclose(got, wanted, rtol=0, atol=request.tolerance or 0)
    assert written.nonfinite == nonfinite
