"""Estimators of scikit-learn that are written without skl2onnx, against scikit-learn's answers for rows of the tests' own."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fake.converter_environment import run_script
from onnxport.errors import OnnxportError
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.options import ConvertOptions, Trust

pytestmark = [
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("sklearn-wider"),
    pytest.mark.converters,
]
HERE = Path(__file__).parent
MODELS = [
    "back",
    "boosted",
    "classifiers",
    "clusters",
    "ellipse",
    "first",
    "frozen",
    "huber",
    "imputers",
    "isolated",
    "isotonic",
    "local",
    "median",
    "neighbours",
    "one class",
    "quantiles",
    "rare",
    "regressors",
    "separate",
    "spoken",
    "steps",
    "tags",
]
TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(string)": object}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    run_script("sklearn", HERE / "sklearn_wider_models.py", folder)
    return folder


def converted(source: Path, folder: Path) -> ConversionResult:
    options = ConvertOptions(output=folder / "model.onnx", trust=Trust.SANDBOXED)
    return convert_file(source, options)


def test_the_list_of_models_is_whole(saved: Path) -> None:
    assert sorted(MODELS) == sorted(path.stem for path in (saved / "proven").glob("*.joblib"))


@pytest.mark.parametrize("name", MODELS)
def test_rows_that_the_converter_never_saw_get_what_scikit_learn_says(
    saved: Path, tmp_path: Path, name: str
) -> None:
    result = converted(saved / "proven" / f"{name}.joblib", tmp_path)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    rows = np.load(saved / "proven" / f"{name}.npz")
    given = session.get_inputs()[0]
    outputs = [output.name for output in session.get_outputs()]
    found = session.run(None, {given.name: rows["fed"].astype(TYPES[given.type])})

    assert result.proven.proof.proven
    for output, got in zip(outputs, found, strict=True):
        if name == "clusters" and output == "scores":
            output = "transformed"
        wanted = rows[f"expected_{output}"]
        if output == "label":
            assert wanted.astype(got.dtype).tolist() == got.reshape(wanted.shape).tolist()
        else:
            np.testing.assert_allclose(got.reshape(wanted.shape), wanted, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["splines", "process", "categories"])
def test_what_skops_asks_about_and_only_holds_what_was_learned_needs_no_trust(
    saved: Path, tmp_path: Path, name: str
) -> None:
    options = ConvertOptions(output=tmp_path / "model.onnx", trust=Trust.NO)

    assert convert_file(saved / "proven" / f"{name}.skops", options).proven.proof.proven


def test_that_rows_may_be_equally_far_is_told(saved: Path, tmp_path: Path) -> None:
    equal = converted(saved / "proven" / "first.joblib", tmp_path)
    (tmp_path / "model.onnx").unlink()
    apart = converted(saved / "proven" / "neighbours.joblib", tmp_path)

    assert any("equally far" in remark for remark in equal.remarks)
    assert not any("equally far" in remark for remark in apart.remarks)


def test_a_label_that_is_always_the_same_is_told(saved: Path, tmp_path: Path) -> None:
    remarks = converted(saved / "proven" / "rare.joblib", tmp_path).remarks

    assert any("'label' is the same on all" in remark for remark in remarks)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("solves", "the NMF solves an optimisation for each call"),
        ("blind", "the DummyClassifier does not look at its input"),
        ("integrals", "the GaussianProcessClassifier needs integrals"),
        ("metric", "distances of the metric 'canberra'"),
        ("bessel", "Matern with nu=1.7"),
        ("random", "draws what it fills at random"),
        ("beyond", "refuses values beyond its knots"),
    ],
)
def test_what_no_onnx_model_can_say_is_refused_with_a_reason(
    saved: Path, tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(OnnxportError) as caught:
        converted(saved / "refused" / f"{name}.joblib", tmp_path)

    assert words in caught.value.message
    assert caught.value.remedy
    assert [] == list(tmp_path.iterdir())
