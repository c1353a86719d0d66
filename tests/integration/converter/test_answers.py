"""ONNX Runtime answers for the proof in a process of its own, and onnxport outlives whatever happens there."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from fake.onnx_files import save_recurrent
from fake.onnx_models import make_model, tensor
from onnxport.converter.interface import Case, Output
from onnxport.converter.isolation.confinement import Confinement
from onnxport.converter.isolation.errors import ChildLimitReached
from onnxport.converter.isolation.process import ChildLimits
from onnxport.converter.proof.answers import CannotLoad, answers_of
from onnxport.converter.proof.prove import prove
from onnxport.domain.conversion import Conversion

CONVERSION = Conversion("f", "1", "m.pkl", None, "f", {}, 17, "2026-01-01T00:00:00+00:00")
STEPS = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 6, 4)
NOBODY = np.zeros((1, 0, 4), np.float32)


@pytest.fixture
def recurrent(tmp_path: Path) -> bytes:
    save_recurrent(tmp_path, "GRU")
    return (tmp_path / "models/iris/1/m.onnx").read_bytes()


def answers(model: bytes, *given: np.ndarray, limits: ChildLimits | None = None) -> list:
    cases = [Case("generated", {"X": rows}) for rows in given]
    confinement = Confinement(limits=limits or ChildLimits())
    return answers_of(model, ["Y"], cases, confinement, Path("m.pkl"))


def test_a_run_that_ends_the_process_is_told_and_what_came_before_is_kept(recurrent: bytes) -> None:
    first, second = answers(recurrent, STEPS, NOBODY, STEPS)

    assert (1, 6, 2) == first["Y"].shape
    assert "its process ended with code" in second


def test_a_needed_case_that_ends_the_process_is_the_reason(recurrent: bytes) -> None:
    cases = [Case("generated", {"X": NOBODY}, {"Y": np.zeros((1, 0, 2))})]
    proof = prove(recurrent, [Output("Y")], cases, CONVERSION, Confinement()).proof

    assert not proof.proven
    assert "ONNX Runtime cannot run it" in (proof.reason or "")


def test_an_optional_case_that_ends_the_process_is_a_remark(recurrent: bytes) -> None:
    expected = answers(recurrent, STEPS)[0]
    cases = [
        Case("generated", {"X": NOBODY}, {"Y": np.zeros((1, 0, 2))}, batched=False, optional=True),
        Case("generated", {"X": STEPS}, expected, batched=False),
        Case("generated", {"X": -STEPS}, answers(recurrent, -STEPS)[0], batched=False),
    ]
    proven = prove(recurrent, [Output("Y")], cases, CONVERSION, Confinement())

    assert proven.proof.proven
    (remark,) = proven.remarks
    assert "its process ended with code" in remark


def test_what_is_no_model_cannot_be_loaded() -> None:
    with pytest.raises(CannotLoad, match=r"(?i)protobuf"):
        answers(b"no model", STEPS)


def test_time_is_limited(recurrent: bytes) -> None:
    with pytest.raises(ChildLimitReached, match="longer than 0 s"):
        answers(recurrent, STEPS, limits=ChildLimits(time_s=0))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (onnx.TensorProto.STRING, np.array([["é", ""], ["b", "longer"]])),
        (onnx.TensorProto.FLOAT16, np.array([[1.5, np.nan]], np.float16)),
        (onnx.TensorProto.BOOL, np.array([True])),
        (onnx.TensorProto.DOUBLE, np.array(2.5)),
    ],
    ids=["text", "half", "truth", "scalar"],
)
def test_values_of_any_type_come_back_as_they_are(kind: int, values: np.ndarray) -> None:
    shape = list(values.shape)
    nodes = [onnx.helper.make_node("Identity", ["X"], ["Y"])]
    model = make_model(nodes, inputs=[tensor("X", shape, kind)], outputs=[tensor("Y", shape, kind)])
    (answer,) = answers(model.SerializeToString(), values)

    np.testing.assert_array_equal(values, answer["Y"])
    assert values.dtype.kind == answer["Y"].dtype.kind
