"""scikit-learn models of all kinds: columns by name, text, categories, several labels, models of models; and what is refused."""

import json
import subprocess
from pathlib import Path

import numpy as np
import onnxport
import onnxruntime
import pytest
from fake.converter_environment import python_of, run_script
from onnxport.errors import OnnxportError
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.options import ConvertOptions, Trust

pytestmark = [
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("sklearn"),
    pytest.mark.converters,
]
HERE = Path(__file__).parent
MODELS = [
    "back.joblib",
    "bayes.joblib",
    "bins.joblib",
    "calibrated.joblib",
    "categories.joblib",
    "chain.joblib",
    "digits.joblib",
    "flags.joblib",
    "infrequent.joblib",
    "isotonic.joblib",
    "logarithm.joblib",
    "mixed.joblib",
    "names.joblib",
    "neighbours.joblib",
    "nested.joblib",
    "network.joblib",
    "networks.joblib",
    "objects.joblib",
    "ordinal.joblib",
    "outputs.joblib",
    "poisson.joblib",
    "quadratic.joblib",
    "safe.skops",
    "search.joblib",
    "selected.joblib",
    "selectors.joblib",
    "sparse.joblib",
    "stacking.joblib",
    "target.joblib",
    "threshold.joblib",
    "union.joblib",
    "values.joblib",
    "voting.joblib",
    "whole.joblib",
]
# Columns and a row that the models of named columns take.
ROW = {
    "age": 31.0,
    "fare": 9.5,
    "sex": "male",
    "port": "S",
    "deck": 2,
    "alone": True,
    "note": "good",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    run_script("sklearn", HERE / "sklearn_models.py", folder)
    return folder


def converted(source: Path, folder: Path, sample: Path | None = None) -> ConversionResult:
    trust = Trust.NO if source.suffix == ".skops" else Trust.SANDBOXED
    options = ConvertOptions(output=folder / f"{source.stem}.onnx", trust=trust, sample=sample)
    return convert_file(source, options)


def inputs_of(result: ConversionResult) -> dict[str, str]:
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    return {value.name: value.type for value in session.get_inputs()}


def test_the_list_of_models_is_whole(saved: Path) -> None:
    assert sorted(MODELS) == sorted(path.name for path in (saved / "proven").iterdir())


@pytest.mark.parametrize("name", MODELS)
def test_models_of_every_kind_are_proven_without_a_sample(
    saved: Path, tmp_path: Path, name: str
) -> None:
    assert converted(saved / "proven" / name, tmp_path).proven.proof.proven


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("isotonic", {"X": "tensor(float)"}),
        (
            "objects",
            dict.fromkeys(["x0", "x1"], "tensor(float)")
            | dict.fromkeys(["x2", "x3"], "tensor(string)"),
        ),
        (
            "whole",
            {
                "age": "tensor(float)",
                "fare": "tensor(float)",
                "deck": "tensor(int64)",
                "alone": "tensor(bool)",
            },
        ),
        ("names", {"label": "tensor(string)", "how old?": "tensor(float)"}),
        ("bayes", {"X": "tensor(string)"}),
        ("logarithm", {"fare": "tensor(float)"}),
    ],
)
def test_inputs_follow_from_what_the_model_learned(
    saved: Path, tmp_path: Path, name: str, expected: dict[str, str]
) -> None:
    assert expected == inputs_of(converted(saved / "proven" / f"{name}.joblib", tmp_path))


@pytest.mark.parametrize("name", ["digits", "flags", "poisson"])
def test_values_that_are_thresholds_lead_to_what_scikit_learn_says(
    saved: Path, tmp_path: Path, name: str
) -> None:
    result = converted(saved / "proven" / f"{name}.joblib", tmp_path)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    rows = np.load(saved / "answers" / f"{name}.npz")
    if [value.name for value in session.get_inputs()] == ["X"]:
        fed = {"X": np.stack([rows["age"], rows["fare"]], axis=1)}
    else:
        fed = {value.name: rows[value.name][:, np.newaxis] for value in session.get_inputs()}
    found = dict(zip([o.name for o in session.get_outputs()], session.run(None, fed), strict=True))

    if "label" in found:
        np.testing.assert_array_equal(found["label"], rows["expected_label"].astype(int))
        np.testing.assert_allclose(
            found["probabilities"], rows["expected_probabilities"], atol=1e-6
        )
    else:
        np.testing.assert_allclose(found["prediction"][:, 0], rows["expected_label"], rtol=1e-5)


def test_outputs_get_other_names_where_columns_have_theirs(saved: Path, tmp_path: Path) -> None:
    result = converted(saved / "proven" / "names.joblib", tmp_path)

    assert ["output_label", "output_probabilities"] == [o.name for o in result.proven.proof.outputs]


def test_an_empty_text_is_a_missing_one_and_an_unknown_category_counts_for_nothing(
    saved: Path, tmp_path: Path
) -> None:
    result = converted(saved / "proven" / "search.joblib", tmp_path)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    inputs = {
        "age": np.full((3, 1), 31, np.float32),
        "fare": np.full((3, 1), 9.5, np.float32),
        "sex": np.full((3, 1), "male", object),
        # The most frequent one is S.
        "port": np.array([["S"], [""], ["Ulm"]], object),
    }
    probabilities = session.run(["probabilities"], inputs)[0]

    assert probabilities[0].tolist() == probabilities[1].tolist()
    assert probabilities[0].tolist() != probabilities[2].tolist()
    assert "an empty text stands for a missing one" in result.remarks[0]


def test_a_category_that_the_encoder_refuses_is_refused(saved: Path, tmp_path: Path) -> None:
    result = converted(saved / "proven" / "objects.joblib", tmp_path)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    inputs = {
        "x0": np.ones((1, 1), np.float32),
        "x1": np.ones((1, 1), np.float32),
        "x2": np.array([["male"]], object),
        "x3": np.array([["Ulm"]], object),
    }
    with pytest.raises(Exception, match="out of data bounds"):
        session.run(None, inputs)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lambda.joblib", "calls the function 'clip'"),
        ("quantiles.joblib", "QuantileTransformer, whose way back cannot be converted"),
        ("letters.joblib", "uses analyzer='char_wb'"),
        ("passed.joblib", "passes the column 'age' through"),
        ("spoken.joblib", "gives text"),
        ("boosted.pkl", "model of xgboost"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_the_step(
    saved: Path, tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(OnnxportError) as caught:
        converted(saved / "refused" / name, tmp_path)

    assert words in caught.value.message
    assert caught.value.remedy
    assert [] == list(tmp_path.iterdir())


def test_a_sample_says_what_is_passed_through(saved: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps([ROW, {**ROW, "age": 50.5, "sex": "female"}]))
    result = converted(saved / "refused" / "passed.joblib", tmp_path, sample)

    assert {"age": "tensor(float)", "sex": "tensor(string)"} == inputs_of(result)


def test_a_table_with_too_few_columns_is_refused_with_those_that_are_needed(
    saved: Path, tmp_path: Path
) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("age,sex\n31,male\n")
    with pytest.raises(OnnxportError, match="also takes fare, port") as caught:
        converted(saved / "proven" / "search.joblib", tmp_path, sample)

    assert "port (text)" in caught.value.remedy


def test_a_live_estimator_is_saved_with_what_it_predicts(tmp_path: Path) -> None:
    sources = Path(onnxport.__file__).parent
    command = [python_of("sklearn"), HERE / "sklearn_live.py", sources, tmp_path]
    done = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    )

    assert {
        "takes": [True, False],
        "file": "model.joblib",
        "packages": [],
        "inputs": {"size": [[1], [2], [3], [9]], "town": [["Ulm"], [""], ["Bonn"], ["Bonn"]]},
        "labels": ["a", "a", "b", "b"],
        "matrix": ["X"],
    } == json.loads(done.stdout)
