"""The wire reader agrees with protobuf on every message and refuses what is none."""

import contextlib

import onnx
import pytest
from fake.onnx_models import make_adding_model
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from onnxport.inspect.lean import KEPT_BYTES, read_lean
from onnxport.inspect.wire import Malformed, Truncated, encode_varint, read_fields, read_varint


@given(st.integers(0, 2**64 - 1))
def test_integers_survive_a_round_trip(value: int) -> None:
    text = encode_varint(value)

    assert (value, len(text)) == read_varint(text, 0, len(text))


@given(st.binary(max_size=200))
def test_any_bytes_are_walked_to_their_end_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        fields = list(read_fields(data, 0, len(data)))
        assert [field.start for field in fields[1:]] == [field.end for field in fields[:-1]]
        assert len(data) == (fields[-1].end if fields else 0)


def test_a_field_that_is_cut_off_says_how_much_is_missing() -> None:
    with pytest.raises(Truncated) as cut:
        list(read_fields(b"\x0a\x05abc", 0, 5))

    assert 2 == cut.value.missing


@pytest.mark.parametrize(
    "data", [b"\x00\x01", b"\x0b", b"\xff" * 11], ids=["field 0", "group", "endless integer"]
)
def test_bytes_that_are_no_fields_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(read_fields(data, 0, len(data)))


def big_tensor(name: str) -> onnx.TensorProto:
    return helper.make_tensor(name, 1, [KEPT_BYTES], bytes(4 * KEPT_BYTES), raw=True)


def model_with_weights_everywhere() -> onnx.ModelProto:
    """Large weights in an initializer, a constant, a subgraph and a function; small ones too."""
    branch = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["b"])], "branch", [],
        [helper.make_tensor_value_info("b", 1, None)], initializer=[big_tensor("w")],
    )  # fmt: skip
    model = make_adding_model(big_tensor("w"))
    model.graph.initializer.append(helper.make_tensor("small", 1, [2], [1.0, 2.0]))
    model.graph.initializer.append(helper.make_tensor("floats", 1, [5000], [0.5] * 5000))
    constant = helper.make_node("Constant", [], ["c"], value=big_tensor("c"))
    condition = helper.make_node("If", ["t"], ["r"], then_branch=branch, else_branch=branch)
    listed = helper.make_node("Listed", [], ["l"], numbers=list(range(5000)))
    model.graph.node.extend([constant, condition, listed])
    model.functions.append(
        helper.make_function("d", "F", [], ["c"], [constant], [helper.make_opsetid("", 17)])
    )
    return model


def emptied(message: object) -> None:
    """Empty the large payloads the slow way: through the parsed message."""
    for descriptor, value in message.ListFields():  # type: ignore[attr-defined]
        if descriptor.message_type is not None:
            for child in (
                value if hasattr(value, "__len__") and not hasattr(value, "DESCRIPTOR") else [value]
            ):
                emptied(child)
    if isinstance(message, onnx.TensorProto):
        if len(message.raw_data) > KEPT_BYTES:
            message.raw_data = b""
        if 4 * len(message.float_data) > KEPT_BYTES:
            del message.float_data[:]


def test_a_lean_model_is_the_model_without_large_weights() -> None:
    model = model_with_weights_everywhere()
    lean = onnx.ModelProto.FromString(read_lean(model.SerializeToString()))

    emptied(model)
    assert model == lean


def test_a_lean_model_is_small() -> None:
    data = model_with_weights_everywhere().SerializeToString()

    assert len(read_lean(data)) < 20_000 < len(data) // 4


@given(st.data())
def test_a_damaged_model_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(MODEL)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(Malformed):
        assert len(read_lean(bytes(content))) <= len(content)


MODEL = model_with_weights_everywhere().SerializeToString()
