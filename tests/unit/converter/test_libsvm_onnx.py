"""The ONNX model of a LIBSVM file gives what LIBSVM gives: against LIBSVM's own answers, and against its definitions for machines of all kinds."""

import itertools
import json
import random
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from fake.libsvm_by_hand import Made, answer, make
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxport.converter.inside.libsvm.machine import Machine
from onnxport.converter.inside.libsvm.text import read_machine
from onnxport.converter.inside.libsvm.write import outputs_of, write_onnx
from onnxport.converter.interface import ConversionRefused

FOLDER = Path(__file__).with_name("libsvm_answers")
ANSWERS = json.loads((FOLDER / "answers.json").read_text())
TYPES = ["c_svc", "nu_svc", "one_class", "epsilon_svr", "nu_svr"]
KERNELS = ["linear", "polynomial", "rbf", "sigmoid"]


def run(machine: Machine, rows: np.ndarray) -> dict[str, np.ndarray]:
    model = write_onnx(machine, rows.shape[1])
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in outputs_of(machine)]
    return dict(zip(names, session.run(None, {"X": rows}), strict=True))


def read(made: Made, folder: Path) -> Machine:
    path = folder / "made.model"
    path.write_text(made.text())
    return read_machine(path)


@pytest.mark.parametrize("name", list(ANSWERS))
def test_every_output_is_what_libsvm_itself_said(name: str) -> None:
    said = ANSWERS[name]
    got = run(read_machine(FOLDER / f"{name}.model"), np.array(said["rows"]))
    wanted = {
        "label": said.get("predicted_b", said["predicted"]),
        "voted_label": said["predicted"],
        "prediction": said["predicted"],
        "decision_values": said["decision_values"],
        "probabilities": said.get("probabilities"),
    }

    for output, values in got.items():
        np.testing.assert_allclose(values, wanted[output], rtol=1e-11, atol=1e-11, err_msg=output)


def test_the_answers_tell_the_two_labels_apart() -> None:
    """Otherwise the test above could not see them mixed up."""
    both = [said for said in ANSWERS.values() if said.get("predicted_b")]

    assert any(said["predicted"] != said["predicted_b"] for said in both)


@pytest.mark.parametrize(("svm_type", "kernel"), list(itertools.product(TYPES, KERNELS)))
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_machine_of_any_kind_follows_its_definition(
    svm_type: str, kernel: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    made = make(chance, svm_type, kernel)
    centre = max(abs(v) for vector in made.vectors for v in vector.values()) > 500
    rows = [[1000.0 * centre + chance.gauss(0, 1) for _ in range(6)] for _ in range(3)]
    got = run(read(made, tmp_path_factory.mktemp("made")), np.array(rows))

    for place, row in enumerate(rows):
        for output, wanted in answer(made, row).items():
            actual = got[output][place]
            size = max(1.0, float(np.abs(wanted).max()))
            assert actual == pytest.approx(wanted, rel=1e-9, abs=1e-9 * size), output


def test_ties_between_votes_go_to_the_first_class_of_the_file(tmp_path: Path) -> None:
    made = make(random.Random(1), "c_svc", "linear")
    made.labels, made.counts = [5, -2, 9], [1, 1, 1]
    made.vectors, made.coefficients = [{1: 0.0}] * 3, [[0.0, 0.0]] * 3
    made.rho, made.sigmoids = [-1.0, 1.0, -1.0], None  # 0 beats 1, 2 beats 0, 1 beats 2
    got = run(read(made, tmp_path), np.zeros((1, 1)))

    assert [5] == got["label"].tolist()


def test_a_decision_value_of_nothing_is_a_vote_for_the_second_class(tmp_path: Path) -> None:
    made = make(random.Random(1), "c_svc", "linear")
    made.labels, made.counts = [5, -2], [1, 1]
    made.vectors, made.coefficients = [{1: 1.0}, {1: -1.0}], [[1.0], [-1.0]]
    made.rho, made.sigmoids = [0.0], None
    got = run(read(made, tmp_path), np.array([[0.0], [np.nan], [1.0]]))

    assert [-2, -2, 5] == got["label"].tolist()


def test_a_radial_kernel_keeps_its_digits_far_from_zero_and_for_narrow_bells(
    tmp_path: Path,
) -> None:
    for gamma in (0.5, 5000.0):
        made = make(random.Random(3), "epsilon_svr", "rbf")
        made.gamma = gamma
        made.vectors = [{1: 1e6 + i / 64, 2: -1e6} for i in range(6)]
        made.coefficients = [[float(i)] for i in range(6)]
        rows = [[1e6 + i / 128, -1e6 + 1 / 256] for i in range(12)]
        got = run(read(made, tmp_path), np.array(rows))["prediction"]

        assert got.tolist() == pytest.approx(
            [answer(made, row)["prediction"] for row in rows], rel=1e-12, abs=1e-12
        )


def test_a_radial_kernel_of_rows_without_end_is_nothing(tmp_path: Path) -> None:
    made = make(random.Random(4), "epsilon_svr", "rbf")
    for gamma in (0.01, 500.0):
        made.gamma = gamma
        got = run(read(made, tmp_path), np.full((1, 6), np.inf))["prediction"]

        assert [-made.rho[0]] == got.tolist()


@pytest.mark.parametrize("rows", [0, 1, 5])
@pytest.mark.parametrize("name", ["c_svc-rbf-five-b", "c_svc-rbf-two-b", "one_class-rbf-none-b"])
def test_any_number_of_rows_is_answered(name: str, rows: int) -> None:
    got = run(read_machine(FOLDER / f"{name}.model"), np.ones((rows, 5)))

    assert {rows} == {len(values) for values in got.values()}


def test_columns_that_no_vector_uses_count_for_a_radial_kernel_only(tmp_path: Path) -> None:
    for kernel, same in (("linear", True), ("rbf", False)):
        made = make(random.Random(5), "nu_svr", kernel)
        made.gamma, made.vectors, made.coefficients = 0.1, [{1: 1.0, 6: 0.5}], [[1.0]]
        machine = read(made, tmp_path)
        narrow = run(machine, np.ones((1, 6)))["prediction"]
        wide = run(machine, np.array([[1.0] * 6 + [3.0]]))["prediction"]

        assert same == np.allclose(narrow, wide)


def test_the_same_file_gives_the_same_valid_model() -> None:
    for name in ANSWERS:
        machine = read_machine(FOLDER / f"{name}.model")
        model = write_onnx(machine, 5)
        onnx.checker.check_model(onnx.load_from_string(model), full_check=True)

        assert model == write_onnx(machine, 5)


def test_vectors_that_are_too_large_as_a_full_matrix_are_refused(tmp_path: Path) -> None:
    made = make(random.Random(6), "nu_svr", "rbf")
    made.vectors, made.coefficients = [{2_000_000_000: 1.0}], [[1.0]]
    machine = read(made, tmp_path)
    with pytest.raises(ConversionRefused, match="too large"):
        write_onnx(machine, machine.width)
