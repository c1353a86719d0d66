"""Boosted trees: what is refused and why, where training stopped early, and what only an estimator knows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fake.converter_environment import run_script
from onnxport.converter.interface import ConversionRefused
from onnxport.converter.proof.sample import read_sample
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.options import ConvertOptions, Trust

pytestmark = [
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("trees"),
]
MAKER = Path(__file__).with_name("tree_models.py")
PACKAGE = Path(__file__).parents[3] / "packages" / "onnxport" / "src" / "onnxport"
slow = pytest.mark.converters
of_each = pytest.mark.parametrize(
    "framework",
    ["lightgbm", pytest.param("xgboost", marks=slow), pytest.param("catboost", marks=slow)],
)
Saved = Callable[[str], Path]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """The folder with the models of a framework, made once."""
    made: dict[str, Path] = {}

    def folder_of(framework: str) -> Path:
        if framework not in made:
            made[framework] = tmp_path_factory.mktemp(framework)
            run_script(framework, MAKER, framework, made[framework], PACKAGE)
        return made[framework]

    return folder_of


def converted(source: Path, folder: Path, **options: object) -> ConversionResult:
    given = ConvertOptions(output=folder / "out.onnx", trust=Trust.SANDBOXED, **options)  # type: ignore[arg-type]
    return convert_file(source, given)


def rounds_of(result: ConversionResult) -> int:
    """How many trees the ONNX model has."""
    import onnx

    nodes = onnx.load(result.output).graph.node
    ensemble = next(node for node in nodes if node.op_type == "TreeEnsembleRegressor")
    trees = next(a.ints for a in ensemble.attribute if a.name == "nodes_treeids")
    return len(set(trees))


@pytest.mark.parametrize(
    ("framework", "name", "words"),
    [
        ("lightgbm", "cut.txt", "ends before its last tree"),
        pytest.param("lightgbm", "unfitted.pkl", "before it was fitted", marks=slow),
        pytest.param("lightgbm", "still.txt", "has a split", marks=slow),
        pytest.param("xgboost", "unfitted.pkl", "before it was fitted", marks=slow),
        pytest.param("xgboost", "old.model", "old binary format", marks=slow),
        pytest.param("xgboost", "still.json", "has a split", marks=slow),
        pytest.param("catboost", "unfitted.pkl", "before it was fitted", marks=slow),
        pytest.param("catboost", "categories.cbm", r"columns of categories \(1\)", marks=slow),
        pytest.param("catboost", "text.cbm", r"columns of text \(1\)", marks=slow),
    ],
)
def test_what_cannot_be_converted_is_refused_with_the_reason(
    saved: Saved, tmp_path: Path, framework: str, name: str, words: str
) -> None:
    with pytest.raises(ConversionRefused, match=words) as caught:
        converted(saved(framework) / name, tmp_path)

    assert caught.value.remedy
    assert [] == list(tmp_path.iterdir())


@of_each
def test_a_live_object_keeps_what_only_its_estimator_knows(
    saved: Saved, tmp_path: Path, framework: str
) -> None:
    """Names of classes, and the number that stands for a missing value: the answers are those of the object itself."""
    folder = saved(framework)
    source = next(path for path in folder.glob("live.*") if path.suffix != ".npz")
    expected = read_sample(folder / "live.expected.npz")
    result = converted(
        source, tmp_path, sample=folder / "live.sample.npz", expected=folder / "live.expected.npz"
    )
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    rows = np.load(folder / "live.sample.npz")["X"]
    found = session.run(["label"], {"X": rows})[0]

    assert 3 == len(set(expected["label"].tolist()))
    assert expected["label"].tolist() == found.tolist()


@slow
def test_lines_may_end_as_on_windows(saved: Saved, tmp_path: Path) -> None:
    result = converted(saved("lightgbm") / "windows.txt", tmp_path)

    assert result.proven.proof.proven


@slow
@pytest.mark.parametrize(
    ("name", "words"),
    [("early.json", "as the estimator predicts"), ("early_booster.pkl", "uses all")],
)
def test_where_training_stopped_early_the_owner_of_the_file_decides(
    saved: Saved, tmp_path: Path, name: str, words: str
) -> None:
    result = converted(saved("xgboost") / name, tmp_path)

    assert any(words in remark for remark in result.remarks)
    assert ("early.json" == name) == (
        rounds_of(result) < rounds_of(converted(saved("xgboost") / "early_booster.pkl", tmp_path))
    )


def test_a_pickled_estimator_predicts_with_its_best_rounds(saved: Saved, tmp_path: Path) -> None:
    result = converted(saved("lightgbm") / "early.pkl", tmp_path)

    assert rounds_of(result) < 60 * 3
