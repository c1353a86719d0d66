"""LIBSVM's files and objects from end to end: proven against LIBSVM's own answers, or refused with the reason."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fake.libsvm_package import loaded_model
from onnxport import convert
from onnxport.converter.interface import ConversionRefused
from onnxport.service.conversion.convert import convert_file
from onnxport.service.conversion.errors import NotProven
from onnxport.service.conversion.options import ConvertOptions

pytestmark = [
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("libsvm"),
]
MODELS = Path(__file__).parents[2] / "unit" / "converter" / "libsvm_answers"
ANSWERS = json.loads((MODELS / "answers.json").read_text())


def expected_of(name: str) -> dict[str, np.ndarray]:
    said = ANSWERS[name]
    names = {"label": "predicted_b", "voted_label": "predicted"}
    names |= {"probabilities": "probabilities", "decision_values": "decision_values"}
    return {output: np.array(said[key]) for output, key in names.items()}


@pytest.mark.parametrize("name", ["c_svc-rbf-two-b", "one_class-rbf-none-b"])
def test_what_scikit_learns_copy_cannot_do_agrees_with_libsvm_itself(
    name: str, tmp_path: Path
) -> None:
    """The user's `--expected` is compared with the model, and so is the reference on the same rows."""
    rows = {"X": np.array(ANSWERS[name]["rows"])}
    options = ConvertOptions(output=tmp_path / "out.onnx", sample=rows, expected=expected_of(name))
    proof = convert_file(MODELS / f"{name}.model", options).proven.proof

    assert {"sample", "generated", "expected"} == {given.origin for given in proof.inputs}
    assert max(output.max_absolute_error for output in proof.outputs) < 1e-10


def test_other_expected_values_are_not_proven(tmp_path: Path) -> None:
    name = "c_svc-rbf-two-b"
    expected = expected_of(name)
    expected["probabilities"] = expected["probabilities"] + 1e-6
    rows = {"X": np.array(ANSWERS[name]["rows"])}
    options = ConvertOptions(output=tmp_path / "out.onnx", sample=rows, expected=expected)
    with pytest.raises(NotProven, match="probabilities"):
        convert_file(MODELS / f"{name}.model", options)

    assert [] == list(tmp_path.iterdir())


def test_a_wider_sample_makes_a_wider_input(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(20, 9)).astype(np.float32)
    options = ConvertOptions(output=tmp_path / "out.onnx", sample={"X": rows})
    result = convert_file(MODELS / "nu_svr-sigmoid-value.model", options)
    given = onnxruntime.InferenceSession(result.output).get_inputs()[0]

    assert ("X", ["batch", 9], "tensor(double)") == (given.name, given.shape, given.type)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kernel_type rbf", "kernel_type precomputed", "computed outside"),
        ("total_sv 25", "total_sv 26", "25 of the 26"),
        ("svm_type epsilon_svr", "svm_type zeta_svr", "'zeta_svr' does not exist"),
    ],
)
def test_what_cannot_be_converted_is_refused_and_leaves_nothing(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    text = (MODELS / "epsilon_svr-rbf-value.model").read_text()
    source = tmp_path / "a.model"
    source.write_text(text.replace(old, new))
    with pytest.raises(ConversionRefused, match=words):
        convert_file(source)

    assert [source] == list(tmp_path.iterdir())


def test_a_model_of_liblinear_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    source = tmp_path / "a.model"
    source.write_text("solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 1\nbias -1\nw\n1 \n")
    with pytest.raises(ConversionRefused, match="LIBLINEAR"):
        convert_file(source)


def test_a_model_of_this_process_is_proven_against_what_it_says_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "c_svc-rbf-five-b"
    said = ANSWERS[name]
    model = loaded_model(monkeypatch, MODELS / f"{name}.model", said, classes=5)
    rows = [{i + 1: v for i, v in enumerate(row) if v} for row in said["rows"]]
    result = convert(model, rows, output=tmp_path / "out.onnx")
    library = sys.modules["libsvm.svm"].libsvm

    assert result.proven.proof.proven
    assert [[*row.items(), (-1, 0.0)] for row in rows] == library.asked


def test_a_model_of_this_process_that_says_something_else_is_not_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "c_svc-rbf-five-b"
    said = dict(ANSWERS[name], predicted=ANSWERS[name]["predicted"][::-1])
    model = loaded_model(monkeypatch, MODELS / f"{name}.model", said, classes=5)
    with pytest.raises(NotProven, match="voted_label"):
        convert(model, said["rows"], output=tmp_path / "out.onnx")
