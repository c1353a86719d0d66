"""Boosted trees: what is refused and why, where training stopped early, and what only an estimator knows."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fake.converter_environment import run_script
from onnxport.converter.interface import ConversionRefused
from onnxport.converter.proof.sample import read_sample
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.errors import NotProven
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
        pytest.param("catboost", "categories.cbm", "column '1' are not all small", marks=slow),
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
    rows = np.load(folder / "live.sample.npz")["X"].astype(np.float32)
    found = session.run(["label"], {"X": rows})[0]

    assert 3 == len(set(expected["label"].tolist()))
    assert expected["label"].tolist() == found.tolist()


class TestCategoriesOfCatboost:
    """The model's file holds hashes of them; what they are comes from elsewhere."""

    pytestmark = slow

    def test_those_of_the_sample_are_answered_as_catboost_answers_them(
        self, saved: Saved, tmp_path: Path
    ) -> None:
        folder = saved("catboost")
        kept = np.load(folder / "categories.answers.npz")
        sample = {"0": kept["given"][:, 0].astype(np.float32), "1": kept["given"][:, 1]}
        result = converted(folder / "categories.cbm", tmp_path, sample=sample)
        found = answered(result, sample)[0]

        assert np.allclose(kept["answers"], found, atol=1e-5)
        assert ["the categories of '1' (3) are known from the sample"] == [
            remark.partition(";")[0] for remark in result.remarks
        ]

    def test_too_few_in_the_sample_are_refused_with_their_number(
        self, saved: Saved, tmp_path: Path
    ) -> None:
        folder = saved("catboost")
        with pytest.raises(ConversionRefused, match="1 of its 3 categories of the column '1'"):
            converted(folder / "categories.cbm", tmp_path, sample=folder / "some.npz")

    def test_where_only_most_are_known_nothing_is_proven(
        self, saved: Saved, tmp_path: Path
    ) -> None:
        """Rows of the others would be answered otherwise, and no comparison sees it."""
        with pytest.raises(NotProven, match="2 of the model's 3 categories of the column '1'"):
            converted(saved("catboost") / "most.json", tmp_path)
        result = converted(saved("catboost") / "most.json", tmp_path, allow_unproven=True)

        assert not result.proven.proof.proven
        assert not result.proven.differs

    def test_a_live_object_gives_them_with_its_example(self, saved: Saved, tmp_path: Path) -> None:
        """A column with the name of an output, and a data frame's categories of whole numbers."""
        folder = saved("catboost")
        sample = read_sample(folder / "live_categories.sample.npz")
        result = converted(folder / "live_categories" / "model.cbm", tmp_path, sample=sample)
        found = answered(result, sample)[1]

        assert np.allclose(
            np.load(folder / "live_categories.answers.npz")["answers"], found, atol=1e-5
        )
        assert ["output_label", "output_probabilities"] == [
            o.name for o in result.proven.proof.outputs
        ]


def answered(result: ConversionResult, rows: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """What the ONNX model gives for columns by name."""
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    text = {value.name for value in session.get_inputs() if value.type == "tensor(string)"}
    return list(
        session.run(
            None,
            {
                name: (column.astype(object) if name in text else column)[:, np.newaxis]
                for name, column in rows.items()
            },
        )
    )


@slow
def test_a_fitted_estimator_without_the_mark_of_later_ones_is_converted(
    saved: Saved, tmp_path: Path
) -> None:
    assert converted(saved("lightgbm") / "old.pkl", tmp_path).proven.proof.proven


@slow
def test_names_of_classes_that_an_old_estimator_kept_are_its_labels(
    saved: Saved, tmp_path: Path
) -> None:
    result = converted(saved("xgboost") / "named.json", tmp_path)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    rows = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)

    assert {"high", "low", "middle"} == set(session.run(["label"], {"X": rows})[0])


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
