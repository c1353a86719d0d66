"""Damaged models are told apart from other files, and every mutation has a typed outcome."""

from pathlib import Path

import onnx
import pytest
from fake.onnx_models import make_adding_model, make_model
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnxport.inspect import Inspection
from onnxport.inspect.describe import describe
from onnxport.inspect.parse import NotOnnx, parse_model
from onnxport.inspect.structure import Undescribable

MODEL = make_adding_model(helper.make_tensor("w", 1, [4], bytes(16), raw=True)).SerializeToString()


def outcome(data: bytes) -> str:
    """What the child makes of the bytes: `described`, `corrupt` or `not onnx`; anything else is a fault."""
    try:
        model = parse_model(data, onnx)
        inspection = describe(model, Path("/nowhere/model.onnx"), len(data))
        assert inspection == Inspection.from_json(inspection.to_json())
    except NotOnnx:
        return "not onnx"
    except (Undescribable, UnicodeDecodeError):
        return "corrupt"
    return "described"


def test_a_whole_model_is_described() -> None:
    assert "described" == outcome(MODEL)


def test_a_model_that_is_cut_off_anywhere_is_never_taken_for_whole() -> None:
    whole = outcome(MODEL)
    for length in range(1, len(MODEL)):
        try:
            model = parse_model(MODEL[:length], onnx)
        except (Undescribable, NotOnnx):
            continue
        # Cut exactly between two fields: what is missing is an error of its own.
        inspection = describe(model, Path("/nowhere/model.onnx"), length)
        assert ["missing_opset_import"] == [finding.code for finding in inspection.errors]
    assert "described" == whole


def test_a_cut_off_model_says_how_many_bytes_are_missing() -> None:
    with pytest.raises(Undescribable, match=f"after {len(MODEL) - 20} bytes"):
        parse_model(MODEL[:-20], onnx)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(helper.make_tensor("w", 1, [1], [1.0]), id="tensor"),
        pytest.param(make_model().graph, id="graph"),
        pytest.param(helper.make_node("Add", ["a"], ["b"]), id="node"),
    ],
)
def test_other_messages_of_onnx_are_no_models(message: object) -> None:
    with pytest.raises(NotOnnx):
        parse_model(message.SerializeToString(), onnx)  # type: ignore[attr-defined]


@pytest.mark.parametrize("depth", [60, 3000])
def test_graphs_nested_deeper_than_protobuf_reads_are_refused(depth: int) -> None:
    attribute = b""
    for _ in range(depth):
        graph = frame(1, frame(5, frame(1, b"g") + attribute))
        attribute = frame(6, graph)
    data = b"\x08\x09" + frame(7, frame(1, frame(5, frame(1, b"g") + attribute)))

    assert "corrupt" == outcome(data)


def frame(number: int, content: bytes) -> bytes:
    from onnxport.inspect.wire import encode_varint

    return encode_varint(number << 3 | 2) + encode_varint(len(content)) + content


def test_text_that_is_not_utf8_is_corrupt() -> None:
    model = make_model()
    model.graph.node[0].op_type = "Identity"
    data = model.SerializeToString().replace(b"Identity", b"Id\xff\xfetity")

    assert outcome(data) in {"corrupt", "described"}


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_mutation_of_a_model_has_a_typed_outcome(data: st.DataObject) -> None:
    content = bytearray(MODEL)
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["set", "insert", "delete"])):
            case "set":
                content[position] = data.draw(st.integers(0, 255))
            case "insert":
                content[position:position] = data.draw(st.binary(max_size=4))
            case "delete":
                del content[position : position + data.draw(st.integers(1, 4))]
        content = content or bytearray(b"\x08")

    assert outcome(bytes(content)) in {"described", "corrupt", "not onnx"}


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_random_bytes_have_a_typed_outcome(content: bytes) -> None:
    assert outcome(content) in {"described", "corrupt", "not onnx"}
