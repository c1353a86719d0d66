"""Conversions through the command line and the service: what is proven, what is refused, and that nothing runs unasked."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fake.converter_environment import run_script
from onnxport import Workspace
from onnxport.cli.main import main
from onnxport.converter.isolation.errors import CannotIsolate, ChildLimitReached
from onnxport.converter.isolation.process import ChildLimits
from onnxport.errors import OnnxportError
from onnxport.service.conversion.convert import convert_file
from onnxport.service.conversion.options import ConvertOptions, Trust

pytestmark = [
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("convert"),
]
MAKER = Path(__file__).with_name("convert_models.py")


class Saved:
    """The saved models, the file that the hostile one writes when opened, and whom it calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "mark"
        self.home = socket.create_server(("127.0.0.1", 0))
        run_script("sklearn", MAKER, folder, self.home.getsockname()[1], self.mark)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    made = Saved(tmp_path_factory.mktemp("saved"))
    yield made
    made.home.close()


def test_a_hostile_file_is_not_opened_without_trust(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.onnx"
    code = main(["convert", str(saved.folder / "hostile.pkl"), "-o", str(output)])
    said = capsys.readouterr().err

    assert 1 == code
    assert "builtins.exec" in said
    assert "--trust" in said
    assert not saved.mark.exists()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("trust", "expected"), [(Trust.SANDBOXED, "no mark"), (Trust.UNSANDBOXED, "reached")]
)
def test_a_trusted_file_leaves_no_mark_and_reaches_nobody_unless_asked(
    saved: Saved, tmp_path: Path, trust: Trust, expected: str
) -> None:
    options = ConvertOptions(output=tmp_path / "out.onnx", trust=trust)
    try:
        convert_file(saved.folder / "hostile.pkl", options)
    except CannotIsolate:
        pytest.skip("this system cannot shut a process in")
    finally:
        word = saved.mark.read_text() if saved.mark.exists() else "no mark"
        saved.mark.unlink(missing_ok=True)

    assert expected == word


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("constant.skops", "not_proven", "does not change enough"),
        ("wrong.joblib", "not_proven", "ONNX Runtime cannot run it on 256 rows"),
        ("text.joblib", "conversion_refused", "text by a hash of its words"),
        ("dict.joblib", "conversion_refused", "holds a dict"),
        ("unfitted.joblib", "conversion_refused", "before it was fitted"),
    ],
)
def test_what_cannot_be_proven_is_refused_with_the_reason(
    saved: Saved, tmp_path: Path, name: str, code: str, words: str
) -> None:
    options = ConvertOptions(output=tmp_path / "out.onnx", trust=Trust.SANDBOXED)
    with pytest.raises(OnnxportError) as caught:
        convert_file(saved.folder / name, options)

    assert code == caught.value.code
    assert words in caught.value.message
    assert [] == list(tmp_path.iterdir())


def test_two_class_discriminants_keep_their_probabilities(saved: Saved, tmp_path: Path) -> None:
    """skl2onnx alone gives other probabilities than scikit-learn for them."""
    options = ConvertOptions(output=tmp_path / "out.onnx")
    proof = convert_file(saved.folder / "discriminant.skops", options).proven.proof

    assert max(output.max_absolute_error for output in proof.outputs) < 1e-5


def test_missing_values_go_the_way_that_the_tree_learned(saved: Saved, tmp_path: Path) -> None:
    """skl2onnx alone sends all of them to one side."""
    options = ConvertOptions(output=tmp_path / "out.onnx", trust=Trust.SANDBOXED)
    result = convert_file(saved.folder / "gaps.joblib", options)

    assert [256, 64] == [given.rows for given in result.proven.proof.inputs if given.rows > 2]
    assert 0 == sum(output.label_flips for output in result.proven.proof.outputs)


def test_the_command_line_converts_with_a_sample_and_the_registry_keeps_the_proof(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("5.1,3.5,1.4,0.2\n6.2,3.4,5.4,2.3\n5.9,3.0,4.2,1.5\n")
    output = tmp_path / "old.onnx"
    source = str(saved.folder / "old.pkl")
    code = main(
        ["convert", "--trust", source, "-o", str(output), "--sample", str(sample), "--json"]
    )
    report = json.loads(capsys.readouterr().out)

    assert 0 == code
    assert [("sample", [3, 1, 2]), ("generated", [256, 1, 2])] == [
        (
            origin,
            [entry["rows"] for entry in report["report"]["inputs"] if entry["origin"] == origin],
        )
        for origin in ("sample", "generated")
    ]
    assert "1.2.3" in report["remarks"][0]
    version = Workspace.open(tmp_path / "workspace").models.register(output, name="old")
    assert "sklearn" == version.framework
    assert version.lineage.proof is not None
    assert version.lineage.proof.proven
    session = onnxruntime.InferenceSession(output, providers=["CPUExecutionProvider"])
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.2, 3.4, 5.4, 2.3]], np.float32)
    assert [0, 2] == session.run(["label"], {"X": rows})[0].tolist()


def test_its_own_result_is_replaced_but_not_once_it_was_changed(
    saved: Saved, tmp_path: Path
) -> None:
    options = ConvertOptions(output=tmp_path / "out.onnx")
    source = saved.folder / "discriminant.skops"
    first = convert_file(source, options).output.read_bytes()

    assert first == convert_file(source, options).output.read_bytes()
    (tmp_path / "out.onnx").write_bytes(first + b"changed")
    with pytest.raises(OnnxportError, match="it exists"):
        convert_file(source, options)


def test_an_output_that_exists_is_kept(saved: Saved, tmp_path: Path) -> None:
    output = tmp_path / "out.onnx"
    output.write_text("mine")
    with pytest.raises(OnnxportError, match="it exists"):
        convert_file(saved.folder / "constant.skops", ConvertOptions(output=output))

    assert "mine" == output.read_text()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (ChildLimits(time_s=900, memory_bytes=300 << 20), "memory|without an answer|opened by"),
        (ChildLimits(time_s=1), "longer than 1 s"),
    ],
    ids=["memory", "time"],
)
def test_a_conversion_stays_within_its_limits(
    saved: Saved, tmp_path: Path, limits: ChildLimits, words: str
) -> None:
    source = saved.folder / "discriminant.skops"
    with pytest.raises(OnnxportError, match=words) as caught:
        convert_file(source, ConvertOptions(output=tmp_path / "out.onnx", limits=limits))

    assert isinstance(caught.value, ChildLimitReached) or limits.time_s > 1
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["convert", "none.pkl"], 1, "there is no such file"),
        (["convert"], 2, "Missing argument"),
        (["convert", __file__], 1, "not a model that a converter knows"),
        (["convert", "--prepare", "pytorsh"], 1, "there is no converter"),
        (["convert", "--trust=maybe", __file__], 2, "unsandboxed"),
    ],
)
def test_mistakes_are_answered_in_one_line(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code == main(arguments)
    assert words in capsys.readouterr().err


def test_the_list_is_for_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["convert", "--list", "--json"])
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    entry = listed["sklearn"]
    assert 0 == main(["convert", "--list"])

    assert ["skops", "joblib", "pickle"] == [kind["name"] for kind in entry["kinds"]]
    assert "scikit-learn" in capsys.readouterr().out
    assert Path(entry["environment"]).is_absolute()
