"""Converted models are made plain, and shown to be proven or not by running them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxport.converter.interface import Case, Output
from onnxport.converter.isolation.confinement import Confinement
from onnxport.converter.proof.normalise import main_opset, normalise
from onnxport.converter.proof.prove import Proven, prove
from onnxport.domain.conversion import Conversion

CONVERSION = Conversion("f", "1", "m.pkl", None, "f", {}, 21, "2026-01-01T00:00:00+00:00")
ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def scaled(factor: float, *, batch: int | None = None) -> bytes:
    """A model `variable = X * factor` as careless exporters write it: repeated imports, initialisers among the inputs."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Mul", ["X", "k"], ["variable"])],
        "g",
        [value("X", TensorProto.FLOAT, [batch, 3]), value("k", TensorProto.FLOAT, [1])],
        [value("variable", TensorProto.FLOAT, [batch, 3])],
        [numpy_helper.from_array(np.array([factor], np.float32), "k")],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def proven(model: bytes, expected: np.ndarray, rows: np.ndarray = ROWS) -> Proven:
    whole = Case("generated", {"X": rows}, {"y": expected})
    first = Case("generated", {"X": rows[:1]}, {"y": expected[:1]})
    return prove(
        normalise(model, [], ["y"]), [Output("y")], [whole, first], CONVERSION, Confinement()
    )


def labelled(*, constant: bool = False) -> bytes:
    """A model that gives the sum of each row, and 7 as the label of all."""
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("ReduceSum", ["X", "axis"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "none" if constant else "one"], ["scores"]),
        helper.make_node("Mul", ["sum", "none"], ["zeros"]),
        helper.make_node("Add", ["zeros", "seven"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["label"], to=TensorProto.INT64),
    ]
    held = {"axis": np.array([1]), "one": 1, "none": 0, "seven": 7}
    graph = helper.make_graph(
        nodes,
        "g",
        [value("X", TensorProto.FLOAT, [None, 3])],
        [
            value("label", TensorProto.INT64, [None, 1]),
            value("scores", TensorProto.FLOAT, [None, 1]),
        ],
        [
            numpy_helper.from_array(
                np.asarray(array, np.int64 if name == "axis" else np.float32), name
            )
            for name, array in held.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("constant", "scores", "reason", "remarks"),
    [
        (False, "scores", None, 1),
        (False, None, "output 'label' does not change enough", 1),
        (True, "scores", "output 'label' does not change enough", 2),
    ],
    ids=["scores-vary", "no-scores", "scores-do-not-vary"],
)
def test_a_label_may_be_always_the_same_where_the_scores_it_follows_are_not(
    constant: bool, scores: str | None, reason: str | None, remarks: int
) -> None:
    sums = ROWS.sum(axis=1, keepdims=True) * (not constant)
    case = Case("generated", {"X": ROWS}, {"label": np.full((4, 1), 7), "scores": sums})
    outputs = [Output("label", "label", scores=scores, labels=(7,)), Output("scores")]
    model = normalise(labelled(constant=constant), [], ["label", "scores"])
    result = prove(model, outputs, [case], CONVERSION, Confinement())

    assert (reason is None) == result.proof.proven
    assert (result.proof.reason or "").startswith(reason or "")
    told = [remark for remark in result.remarks if "is the same on all 4 rows" in remark]
    assert remarks == len(told)


def test_names_imports_inputs_and_batch_are_made_plain() -> None:
    model = onnx.load_from_string(proven(scaled(2), ROWS * 2).onnx)

    assert ["X"] == [value.name for value in model.graph.input]
    assert ["y"] == [value.name for value in model.graph.output]
    assert [("", 21)] == [(entry.domain, entry.version) for entry in model.opset_import]
    assert "batch" == model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    onnx.checker.check_model(model)


def test_the_opset_is_that_of_the_main_domain() -> None:
    assert 21 == main_opset(scaled(2))


def test_a_name_that_is_taken_inside_is_moved_away() -> None:
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Neg", ["X"], ["y"]), helper.make_node("Neg", ["y"], ["out"])]
    tensor = value("X", TensorProto.FLOAT, [None, 3])
    graph = helper.make_graph(nodes, "g", [tensor], [value("out", TensorProto.FLOAT, [None, 3])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)

    result = proven(model.SerializeToString(), ROWS)

    assert result.proof.proven


def test_another_number_of_outputs_is_refused() -> None:
    with pytest.raises(ValueError, match="there are"):
        normalise(scaled(2), [], ["label", "scores"])


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no ONNX model"):
        normalise(scaled(2)[:-9], [], ["y"])


def test_equal_answers_are_a_proof_bound_to_the_bytes() -> None:
    result = proven(scaled(2), ROWS * 2)

    assert (True, None) == (result.proof.proven, result.proof.reason)
    assert [(ROWS.shape[0] + 1, 0.0)] == [
        (o.rows, o.max_absolute_error) for o in result.proof.outputs
    ]


@pytest.mark.parametrize(
    ("model", "expected", "reason"),
    [
        (scaled(2), ROWS * 3, "is off by 11 at"),
        (scaled(0), ROWS * 0, "does not change enough"),
        (scaled(2, batch=4), ROWS * 2, "cannot run it on 1 rows"),
        (scaled(2), ROWS[:, :2] * 2, "the framework gives shape"),
    ],
    ids=["wrong", "degenerate", "fixed-batch", "other-shape"],
)
def test_what_is_not_shown_is_not_proven_and_says_why(
    model: bytes, expected: np.ndarray, reason: str
) -> None:
    proof = proven(model, expected).proof

    assert not proof.proven
    assert reason in (proof.reason or "")
