"""Which models may run on the loop: those whose work the size of a request decides."""

from pathlib import Path

import pytest
from onnx import TensorProto, helper
from onnxport_serve.model.open_ended import open_ended
from onnxport_serve.signature import (
    Dimension,
    MapType,
    NamedValue,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
)

IMAGE = TensorType("float32", ("N", 3, 8, 8))
COUNT = TensorType("int64", ())


def save(directory: Path, operator: str) -> Path:
    node = helper.make_node(operator, ["X"], ["Y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "XY"]
    graph = helper.make_graph([node], "graph", ends[:1], ends[1:])
    file = directory / "m.onnx"
    file.write_bytes(helper.make_model(graph).SerializeToString())
    return file


def reason(directory: Path, operator: str, takes: ValueType, gives: ValueType) -> str | None:
    signature = Signature((NamedValue("X", takes),), (NamedValue("Y", gives),))
    return open_ended(save(directory, operator), signature)


MAKERS = [
    *("Range", "ConstantOfShape", "Expand", "Tile", "Resize", "Upsample", "OneHot", "Pad"),
    *("SplitToSequence", "CenterCropPad", "HannWindow"),
]


@pytest.mark.parametrize("operator", MAKERS)
@pytest.mark.parametrize(
    "shape", [("M",), (None,), None, ("N", 4, None)], ids=["symbol", "unknown", "rank", "inner"]
)
def test_a_size_of_its_own_beside_an_operator_that_makes_sizes_is_open_ended(
    tmp_path: Path, operator: str, shape: tuple[Dimension, ...] | None
) -> None:
    found = reason(tmp_path, operator, IMAGE, TensorType("float32", shape))

    assert found is not None
    assert f"how much {operator} makes: output 'Y'" in found


@pytest.mark.parametrize("shape", [("N", 10), (1, 10)], ids=["of the input", "fixed"])
def test_a_network_that_resizes_to_known_sizes_is_not(
    tmp_path: Path, shape: tuple[Dimension, ...]
) -> None:
    assert None is reason(tmp_path, "Resize", IMAGE, TensorType("float32", shape))


@pytest.mark.parametrize("takes", [COUNT, TensorType("int32", (3,)), TensorType("int64", None)])
def test_an_integer_that_can_be_a_size_is_whatever_comes_out(
    tmp_path: Path, takes: TensorType
) -> None:
    found = reason(tmp_path, "Range", takes, TensorType("float32", ()))

    assert found is not None
    assert "input 'X'" in found


@pytest.mark.parametrize("operator", ["Loop", "Scan", "BeamSearch"])
def test_a_loop_always_is(tmp_path: Path, operator: str) -> None:
    assert "loops in the model" in (reason(tmp_path, operator, IMAGE, IMAGE) or "")


@pytest.mark.parametrize("operator", ["Relu", "NonZero", "TopK", "Slice"])
def test_an_operator_that_only_chooses_is_not(tmp_path: Path, operator: str) -> None:
    assert None is reason(tmp_path, operator, COUNT, TensorType("float32", (None,)))


def test_sequences_of_tensors_are_and_those_of_maps_are_not(tmp_path: Path) -> None:
    tensors = SequenceType(TensorType("float32", ("N",)))
    maps = SequenceType(MapType("int64", TensorType("float32", ())))

    assert None is not reason(tmp_path, "SplitToSequence", IMAGE, tensors)
    assert None is reason(tmp_path, "Pad", IMAGE, maps)
