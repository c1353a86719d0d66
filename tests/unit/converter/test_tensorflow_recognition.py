"""The TensorFlow converter tells its files by what is in them, says what they lack, and survives what only looks like them."""

from pathlib import Path

import onnx
import pytest
from fake.wire_messages import field, graph, meta_graph, node, saved_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnxport.converter.interface import ConversionRefused, Job
from onnxport.converter.tensorflow import CONVERTER

TABLE = b"\0" * 48 + bytes.fromhex("57fb808b247547db")
FROZEN = graph(
    node("x", "Placeholder"),
    node("unused", "Placeholder"),
    node("w", "Const"),
    node("logits", "MatMul", "x", "w"),
    node("answer", "Softmax", "logits:0"),
    node("init", "NoOp", "^w"),
)
TRAINED = graph(
    node("x", "Placeholder"),
    node("truth", "Placeholder"),
    node("w", "VariableV2"),
    node("logits", "MatMul", "x", "w"),
    node("answer", "Softmax", "logits"),
    node("loss", "Mean", "logits", "truth"),
    node("gradients/w", "MatMulGrad", "loss"),
    node("train", "NoOp", "^gradients/w"),
)
LITE = b"\x1c\0\0\0TFL3" + b"\0" * 40


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def kind_of(path: Path) -> str | None:
    found = CONVERTER.recognise(path)
    return None if found is None else found.kind.name


def refusal(path: Path, **more: object) -> ConversionRefused:
    recognised = CONVERTER.recognise(path)
    assert recognised is not None
    with pytest.raises(ConversionRefused) as caught:
        CONVERTER.require(Job(path, recognised.kind.name, **more), recognised)  # type: ignore[arg-type]
    return caught.value


def accepted(path: Path, **more: object) -> bool:
    recognised = CONVERTER.recognise(path)
    assert recognised is not None
    CONVERTER.require(Job(path, recognised.kind.name, **more), recognised)  # type: ignore[arg-type]
    return True


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (FROZEN, "graphdef"),
        (meta_graph(FROZEN), "checkpoint"),
        (saved_model(meta_graph(FROZEN)), "savedmodel"),
        (LITE, "tflite"),
        (TABLE, "checkpoint"),
        (field(1, "caffe net") + field(2, field(4, "layer")), None),
        (b"\x0a\x05hello world", None),
        (b"\x0a" * 100, None),
    ],
    ids=["graph", "meta", "saved-model", "lite", "index", "caffe", "text", "line-ends"],
)
def test_files_are_told_by_what_is_in_them(
    tmp_path: Path, content: bytes, expected: str | None
) -> None:
    assert expected == kind_of(written(tmp_path / "model.bin", content))


def test_an_onnx_model_is_no_graph_of_tensorflow(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "g",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
    )
    path = tmp_path / "model.pb"
    onnx.save(helper.make_model(made), path)

    assert kind_of(path) is None


def test_a_folder_is_taken_only_with_a_saved_model_in_it(tmp_path: Path) -> None:
    written(tmp_path / "whole" / "saved_model.pb", saved_model(meta_graph(FROZEN)))
    written(tmp_path / "other" / "saved_model.pb", b"\x08\x07\x12\x07skl2onnx")

    assert ["savedmodel", None, None] == [
        kind_of(tmp_path / "whole"),
        kind_of(tmp_path / "other"),
        kind_of(tmp_path),
    ]


def test_the_file_in_a_saved_model_is_answered_with_its_folder(tmp_path: Path) -> None:
    path = written(tmp_path / "saved_model.pb", saved_model(meta_graph(FROZEN)))

    assert "Name the folder" in refusal(path).remedy


@pytest.mark.parametrize(
    ("signatures", "words"),
    [(("a", "b"), "a, b"), (("a", "serving_default"), None), (("only",), None), ((), None)],
)
def test_a_choice_among_signatures_is_the_users(
    tmp_path: Path, signatures: tuple[str, ...], words: str | None
) -> None:
    inner = meta_graph(FROZEN, (*signatures, "__saved_model_init_op"))
    written(tmp_path / "m" / "saved_model.pb", saved_model(inner))

    if words is None:
        assert accepted(tmp_path / "m")
    else:
        assert words in refusal(tmp_path / "m").message


@pytest.mark.parametrize("asset", ["../secret", "/etc/passwd", "a/../../b", "..\\secret"])
def test_a_saved_model_that_reads_outside_of_its_folder_is_refused(
    tmp_path: Path, asset: str
) -> None:
    inner = meta_graph(FROZEN, ("serving_default",), (asset,))
    written(tmp_path / "m" / "saved_model.pb", saved_model(inner))

    assert "outside of its folder" in refusal(tmp_path / "m").message


def test_operations_that_write_files_need_trust_wherever_they_are(tmp_path: Path) -> None:
    inside = field(1, field(1, field(1, "f")) + field(3, node("w", "WriteFile")[2:]))
    library = field(2, inside)
    written(
        tmp_path / "m" / "saved_model.pb",
        saved_model(meta_graph(FROZEN + library, ("serving_default",))),
    )
    frozen = written(tmp_path / "m.pb", FROZEN + node("p", "EagerPyFunc", "x"))

    assert "WriteFile" in refusal(tmp_path / "m").message
    assert "EagerPyFunc" in refusal(frozen).message
    assert accepted(tmp_path / "m", trusted=True)
    assert accepted(frozen, trusted=True, outputs=("answer",))


def test_the_ends_of_a_frozen_graph_are_found(tmp_path: Path) -> None:
    from onnxport.converter.inside.tensorflow.graph_file import Ends, ends_of, nodes_of_graph

    nodes = nodes_of_graph(written(tmp_path / "m.pb", FROZEN))

    assert nodes is not None
    assert Ends(("x",), ("answer",), True) == ends_of(nodes, (), ())
    assert Ends(("x",), ("logits:0",), True) == ends_of(nodes, (), ("logits:0",))
    assert Ends(("x",), ("answer",), False) == ends_of(nodes, ("x",), ("answer",))


def test_a_trained_graph_with_several_ends_asks_which(tmp_path: Path) -> None:
    for name, content in (
        ("m.meta", meta_graph(TRAINED)),
        ("m.index", TABLE),
        ("m.data-00000-of-00001", b"1"),
    ):
        written(tmp_path / name, content)

    for name in ("m.meta", "m.index", "m.data-00000-of-00001"):
        error = refusal(tmp_path / name, outputs=("nothing",))
        assert "no node nothing" in error.message
        assert "--outputs" in error.remedy
        assert accepted(tmp_path / name, outputs=("answer",))


def test_a_graph_whose_variables_have_no_values_is_refused(tmp_path: Path) -> None:
    assert "no values" in refusal(written(tmp_path / "m.pb", TRAINED)).message


def test_a_checkpoint_without_its_parts_says_which_are_missing(tmp_path: Path) -> None:
    alone = written(tmp_path / "a" / "m.meta", meta_graph(TRAINED))
    objects = written(tmp_path / "b" / "m.index", b"_CHECKPOINTABLE_OBJECT_GRAPH" + TABLE)

    assert "m.index" in refusal(alone).remedy
    assert "object checkpoint of TensorFlow 2" in refusal(objects).message


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_files_are_recognised_or_not_and_refused_in_words(
    tmp_path: Path, data: st.DataObject
) -> None:
    whole = data.draw(
        st.sampled_from(
            [FROZEN, meta_graph(TRAINED, ("a",), ("b",)), saved_model(meta_graph(FROZEN)), LITE]
        )
    )
    cut = data.draw(st.integers(0, len(whole)))
    place = data.draw(st.integers(0, max(0, cut - 1)))
    more = data.draw(st.binary(max_size=8))
    path = written(tmp_path / "model.pb", whole[:place] + more + whole[place:cut])

    recognised = CONVERTER.recognise(path)
    if recognised is not None:
        try:
            CONVERTER.require(Job(path, recognised.kind.name), recognised)
        except ConversionRefused as refused:
            words = (refused.message, refused.remedy)
            assert all(words)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_looked_at_without_harm(tmp_path: Path, content: bytes) -> None:
    for start in (b"", b"\x0a", b"\x08\x01", b"\x08\x01\x12"):
        path = written(tmp_path / "model.pb", start + content)
        assert kind_of(path) in {None, "graphdef", "checkpoint", "savedmodel", "tflite"}
