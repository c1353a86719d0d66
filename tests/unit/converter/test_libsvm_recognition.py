"""LIBSVM's files are told by their text, and whatever is not whole is refused with a reason, in little memory."""

import random
from contextlib import suppress
from pathlib import Path

import pytest
from fake.libsvm_by_hand import make
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from onnxport.converter.inside.libsvm.questions import sample_rows
from onnxport.converter.inside.libsvm.text import read_machine
from onnxport.converter.interface import ConversionRefused, Job
from onnxport.converter.libsvm import CONVERTER

MODELS = Path(__file__).with_name("libsvm_answers")
MODEL = (MODELS / "c_svc-rbf-five-b.model").read_text()
LINES = MODEL.splitlines(keepends=True)
LIBLINEAR = "solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 2\nbias -1\nw\n0.5 \n-0.25 \n"


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "a.bin"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(ConversionRefused) as caught:
        read_machine(written(folder, content))
    assert caught.value.remedy
    return caught.value.message


def test_a_model_is_known_whatever_its_name_and_the_order_of_its_lines(tmp_path: Path) -> None:
    for content in (MODEL, "".join([*reversed(LINES[:9]), *LINES[9:]])):
        found = CONVERTER.recognise(written(tmp_path, content))

        assert found is not None
        assert ("libsvm", False) == (found.kind.name, found.kind.runs_code)


@pytest.mark.parametrize(
    "content",
    [
        "svm_type c_svc",
        "svm_type c_svc\nno kernel\n",
        "kernel_type rbf\n",
        "1 1:0.5 2:0.25\n-1 1:0.5\n",
        "x\n-1 1\n1 0 10\n",
        "tree\nversion=v4\n",
    ],
    ids=["cut", "no-kernel", "no-type", "rows", "range", "lightgbm"],
)
def test_text_that_only_looks_like_it_is_not_taken(content: str, tmp_path: Path) -> None:
    assert CONVERTER.recognise(written(tmp_path, content)) is None


def test_a_folder_is_not_taken(tmp_path: Path) -> None:
    assert CONVERTER.recognise(tmp_path) is None


def test_models_of_liblinear_are_known_and_refused_with_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path, LIBLINEAR)
    found = CONVERTER.recognise(path)
    assert found is not None
    with pytest.raises(ConversionRefused, match="LIBLINEAR") as caught:
        CONVERTER.require(Job(path, found.kind.name), found)

    assert "svm-train -t 0" in caught.value.remedy


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_anything_at_all_is_looked_at_without_harm(content: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    found = CONVERTER.recognise(path)

    assert found is None or content.startswith((b"svm_type", b"kernel_type"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("svm_type c_svc", "svm_type d_svc", "svm_type 'd_svc'"),
        ("kernel_type rbf", "kernel_type cosine", "kernel_type 'cosine'"),
        ("kernel_type rbf", "kernel_type precomputed", "computed outside"),
        ("kernel_type rbf", "kernel_type polynomial", "does not state 'degree'"),
        ("gamma 0.4", "gamma -0.4", "negative"),
        ("gamma 0.4", "gamma nan 0.4", "'gamma' has 2 values"),
        ("rho 0.06", "rho nan 0.06", "'rho' has 11 values where 10 belong"),
        ("rho 0.06", "rho inf", "'rho' holds 'inf0"),
        ("rho 0.06", "rho 0x", "'rho' holds '0x0"),
        ("rho 0.06", "rho 1_", "'rho' holds '1_0"),
        ("nr_class 5", "nr_class 5000000000", "too large"),
        ("nr_class 5", "nr_class 500000000", "500000000 classes"),
        ("nr_class 5", "nr_class -5", "-5 classes"),
        ("nr_class 5", "nr_class 1", "one class only"),
        ("nr_class 5", "nr_class 4", "'rho' has 10 values where 6 belong"),
        ("total_sv 40", "total_sv 1000000000", "do not add up"),
        ("total_sv 40", "total_sv 0", "no support vectors"),
        ("total_sv 40", "total_sv -40", "states -40 support vectors"),
        ("total_sv 40", "total_sv 4.0", "no whole number"),
        ("total_sv 40", "total_sv", "'total_sv' has 0 values"),
        ("nr_sv 8 8", "nr_sv 8 9", "do not add up"),
        ("nr_sv 8 8", "nr_sv -8 24", "do not add up"),
        ("label 2 0", "label 2 0.5", "no whole number"),
        ("label 2 0", "labels 2 0", "'labels', which LIBSVM does not know"),
        ("probB", "probC", "'probC', which LIBSVM does not know"),
        ("total_sv 40\n", "total_sv 40\ntotal_sv 40\n", "twice"),
        ("total_sv 40\n", "total_sv 40\n\n", "empty line"),
        ("\nSV\n", "\nVS\n", "'VS', which LIBSVM does not know"),
        ("1:-0.6146", "1:nan", "holds 'nan'"),
        ("1:-0.6146", "1:", "holds ''"),
        ("1:-0.6146", "-1:0.5", "holds '-1'"),
        ("1:-0.6146", "9:0.5", "do not grow"),
        ("1:-0.6146", "99999999999:0.5", "holds '99999999999'"),
        ("1:-0.6146", "2:1", "do not grow"),
        ("1:-0.6146", "1:-0.6146 word", "holds 'word'"),
        ("1:-0.6146", "1:-0.6146 ü", "no text"),
    ],
)
def test_a_damaged_model_is_refused_with_the_place(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    assert old in MODEL
    assert words in refusal(tmp_path, MODEL.replace(old, new, 1))


@pytest.mark.parametrize(
    ("total", "words"), [(10**9, "25 of the 1000000000"), (2, "more follows after the 2")]
)
def test_the_vectors_are_counted_not_believed(total: int, words: str, tmp_path: Path) -> None:
    model = MODELS.joinpath("epsilon_svr-rbf-value.model").read_text()

    assert words in refusal(tmp_path, model.replace("total_sv 25", f"total_sv {total}"))


@given(size=st.integers(0, len(MODEL) - 1))
@example(size=len(MODEL) - 1)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_model_that_was_cut_off_anywhere_is_refused(size: int, tmp_path: Path) -> None:
    refusal(tmp_path, MODEL[:size])


@given(
    start=st.integers(0, len(MODEL)),
    size=st.integers(0, 40),
    between=st.text("0123456789.:-+ e\nnaifSVr", max_size=20),
)
@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_a_model_that_was_changed_anywhere_is_read_or_refused(
    start: int, size: int, between: str, tmp_path: Path
) -> None:
    path = written(tmp_path, MODEL[:start] + between + MODEL[start + size :])
    with suppress(ConversionRefused):
        machine = read_machine(path)

        assert len(machine.vectors) == machine.coefficients.shape[1]


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    assert 40 == len(read_machine(written(tmp_path, MODEL.replace("\n", "\r\n"))).vectors)


def test_a_file_that_uses_index_0_begins_its_columns_there(tmp_path: Path) -> None:
    made = make(random.Random(0), "nu_svr", "linear")
    made.vectors, made.coefficients = [{0: 2.0, 3: 1.0}], [[1.0]]
    machine = read_machine(written(tmp_path, made.text()))

    assert (0, 4) == (machine.first_index, machine.width)
    assert [[2.0, 0.0, 0.0, 1.0]] == machine.vectors.dense(4).tolist()


def test_an_object_is_told_by_the_names_of_its_classes() -> None:
    class Model:
        pass

    assert not CONVERTER.takes(Model())
    Model.__module__, Model.__qualname__ = "libsvm.svm", "svm_model"
    assert CONVERTER.takes(Model())


def test_a_sample_is_a_matrix_or_columns_and_may_be_wider_than_the_vectors() -> None:
    import numpy as np

    columns = {"a": np.arange(3), "b": np.ones(3)}

    assert [[0, 1], [1, 1], [2, 1]] == sample_rows(columns, 2).tolist()
    assert (3, 4) == sample_rows({"X": np.zeros((3, 4), np.float32)}, 2).shape
    assert (1, 4) == sample_rows({"x": np.zeros(4)}, 2).shape
    for wrong in (
        {"X": np.zeros((3, 1))},
        {"X": np.array([["a", "b"]])},
        {"a": np.zeros(2), "b": np.zeros((2, 2))},
    ):
        with pytest.raises(ConversionRefused):
            sample_rows(wrong, 2)
