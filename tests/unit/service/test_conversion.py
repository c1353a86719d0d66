"""What a person says of a conversion is understood; remedies are tried in order and told."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake.models import save_scaling_model
from onnxport.converter.interface import (
    Case,
    ConversionRefused,
    Converter,
    Exported,
    FileKind,
    Job,
    Output,
    PinnedEnvironment,
    Recognised,
)
from onnxport.converter.isolation.child import Converted, ExportFailed, ModelUnreadable
from onnxport.converter.isolation.confinement import PROTECTIONS, Confinement
from onnxport.errors import UserError
from onnxport.service.conversion import attempt, recognition
from onnxport.service.conversion.attempt import Attempt, Task, convert_and_prove
from onnxport.service.conversion.errors import (
    CodeUnusable,
    NotOfFramework,
    NotRecognised,
    SeveralFrameworks,
    SourceMissing,
)
from onnxport.service.conversion.options import code_from
from onnxport.service.conversion.output import default_output
from onnxport.service.conversion.recognition import check_readable, recognise
from onnxport.service.conversion.source_digest import sha256_of
from onnxport.service.progress import NoProgress

ROWS = np.arange(16, dtype=np.float32).reshape(4, 4)
KIND = FileKind("thing", (".thing",), runs_code=False)


class Things(Converter):
    """A converter of nothing, with two remedies."""

    name, title, kinds = "things", "Things", (KIND,)
    environment = PinnedEnvironment(Path("things.txt"), ("3.11",), 1, 1)
    remedies = ("more care", "another way")

    def __init__(self, takes: bool = True) -> None:
        self._takes = takes

    def recognise(self, path: Path) -> Recognised | None:
        return Recognised(KIND) if self._takes else None

    def remedies_for(self, job: Job) -> tuple[str, ...]:
        return self.remedies if job.opset is None else ("another way",)

    def open(self, job: Job) -> Any: ...
    def export(self, model: Any, job: Job) -> Any: ...
    def reference(self, model: Any, exported: Exported, job: Job) -> Any: ...


Way = Callable[[], Converted]


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[str, Way]:
    """What the child process does for each remedy; the plain way has no name."""
    ways: dict[str, Way] = {}
    monkeypatch.setattr(attempt, "run_converter", lambda _m, _p, job, *_: ways[job.remedy]())
    monkeypatch.setattr(attempt, "module_of", lambda name: name)
    return ways


def gives(model: Path, factor: float) -> Way:
    """An export of `model`, of which the framework says that it multiplies by `factor`."""
    exported = Exported(model.read_bytes(), (Output("y"),), "1")
    cases = tuple(
        Case("generated", {"x": rows}, {"y": rows * np.float32(factor)})
        for rows in (ROWS, ROWS[:1])
    )
    return lambda: Converted(exported, cases, {}, PROTECTIONS)


def fails(error: UserError) -> Way:
    def way() -> Converted:
        raise error

    return way


def tried(opset: int | None = None) -> Attempt:
    things = Things()
    job = Job(Path("m.thing"), "thing", opset=opset)
    task = Task(things, Recognised(KIND), job, Confinement(), "m.thing", None)
    return convert_and_prove(task, Path("python"), NoProgress())


@pytest.fixture
def doubled(tmp_path: Path) -> Path:
    return save_scaling_model(tmp_path / "doubled.onnx", factor=2.0)


def test_what_is_proven_the_plain_way_needs_no_remedy(ways: dict[str, Way], doubled: Path) -> None:
    ways[""] = gives(doubled, 2)
    result = tried()

    assert result.proven.proof.proven
    assert (None, ()) == (result.proven.proof.conversion.remedy, result.remarks)


def test_remedies_follow_in_order_and_the_result_says_why(
    ways: dict[str, Way], doubled: Path
) -> None:
    ways[""] = gives(doubled, 3)
    ways["more care"] = fails(ExportFailed(Path("m.thing"), "export", "no care"))
    ways["another way"] = gives(doubled, 2)
    result = tried()

    assert "another way" == result.proven.proof.conversion.remedy
    assert "converted with another way, because without it: output 'y' is off" in result.remarks[0]


def test_remedies_that_do_not_apply_are_not_tried(ways: dict[str, Way], doubled: Path) -> None:
    ways[""] = gives(doubled, 3)
    ways["more care"] = gives(doubled, 2)
    ways["another way"] = gives(doubled, 2)

    assert "another way" == tried(opset=17).proven.proof.conversion.remedy


def test_when_no_way_is_proven_the_first_stands(ways: dict[str, Way], doubled: Path) -> None:
    ways[""] = fails(ExportFailed(Path("m.thing"), "export", "no"))
    ways["more care"] = gives(doubled, 3)
    ways["another way"] = gives(doubled, 4)
    result = tried()

    assert not result.proven.proof.proven
    assert ("another way",) == result.also
    assert "more care" == result.proven.proof.conversion.remedy


def test_when_no_way_converts_the_plain_ways_reason_is_told(ways: dict[str, Way]) -> None:
    for remedy in ("", *Things.remedies):
        ways[remedy] = fails(ExportFailed(Path("m.thing"), "export", f"reason of '{remedy}'"))

    with pytest.raises(ExportFailed, match="reason of ''"):
        tried()


@pytest.mark.parametrize("stage", ["open", "export"])
def test_a_model_that_is_refused_when_opened_is_not_tried_again(
    ways: dict[str, Way], doubled: Path, stage: str
) -> None:
    refused = ConversionRefused("no", "do otherwise")
    refused.stage = stage
    ways[""] = fails(refused)
    ways["more care"] = gives(doubled, 2)

    if stage == "open":
        with pytest.raises(ConversionRefused):
            tried()
    else:
        assert tried().proven.proof.proven


def test_what_only_shows_nothing_is_not_tried_otherwise(
    ways: dict[str, Way], tmp_path: Path
) -> None:
    ways[""] = gives(save_scaling_model(tmp_path / "dead.onnx", factor=0.0), 0)
    proof = tried().proven.proof

    assert not proof.proven
    assert "to prove anything" in (proof.reason or "")


def test_a_damaged_file_is_not_tried_again(ways: dict[str, Way]) -> None:
    ways[""] = fails(ModelUnreadable(Path("m.thing"), "damaged"))

    with pytest.raises(ModelUnreadable):
        tried()


def test_without_anything_to_compare_nothing_is_proven(ways: dict[str, Way], doubled: Path) -> None:
    exported = Exported(doubled.read_bytes(), (Output("y"),), "1")
    ways[""] = lambda: Converted(exported, (), {}, PROTECTIONS)
    proof = tried().proven.proof

    assert (False, "no runtime of the framework gave anything to compare with") == (
        proof.proven,
        proof.reason,
    )


class TestRecognition:
    """Which converter takes a file."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        (tmp_path / "m.thing").write_bytes(b"thing")
        return tmp_path / "m.thing"

    def test_a_file_of_several_frameworks_is_asked_for(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recognition, "all_converters", lambda: [Things(), Things()])

        with pytest.raises(SeveralFrameworks, match="several") as caught:
            recognise(file, None)
        assert "--framework things (thing)" in caught.value.remedy

    def test_the_named_framework_is_the_only_one_asked(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recognition, "find_converter", lambda name: Things(takes=name == "a"))

        assert KIND == recognise(file, "a")[1].kind
        with pytest.raises(NotOfFramework):
            recognise(file, "b")

    def test_what_nobody_takes_and_what_is_not_there_is_told(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recognition, "all_converters", lambda: [Things(takes=False)])

        with pytest.raises(NotRecognised):
            recognise(file, None)
        with pytest.raises(SourceMissing):
            check_readable(file.with_name("gone"))

    def test_a_folder_with_a_model_in_it_is_answered_with_the_files_name(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        things = Things()
        monkeypatch.setattr(
            things, "recognise", lambda path: Recognised(KIND) if path == file else None
        )
        monkeypatch.setattr(recognition, "all_converters", lambda: [things])
        file.with_name("config.json").write_text("{}")

        with pytest.raises(NotRecognised) as caught:
            recognise(file.parent, None)
        assert f"Name the file in it: onnxport convert {file}" == caught.value.remedy


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (None, ((), {})),
        ('[10, "relu"]', ((10, "relu"), {})),
        ('{"classes": 3}', ((), {"classes": 3})),
    ],
)
def test_a_model_class_is_named_by_file_and_name(
    tmp_path: Path, arguments: str | None, expected: tuple[Any, Any]
) -> None:
    file = tmp_path / "net.py"
    file.write_text("class Net: ...")
    code = code_from(f"{file}:Net", arguments)

    assert (file, "Net", *expected) == (code.file, code.name, code.positional, code.named)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [("net.py", None), ("net.py:", None), ("gone.py:Net", None), ("net.py:1", None)],
)
def test_a_model_class_that_cannot_be_found_is_refused(text: str, arguments: str | None) -> None:
    with pytest.raises(CodeUnusable):
        code_from(text, arguments)


@pytest.mark.parametrize("arguments", ["3", "{", "[" * 100_000])
def test_arguments_that_are_no_list_or_object_are_refused(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "net.py").write_text("")

    with pytest.raises(CodeUnusable):
        code_from(f"{tmp_path / 'net.py'}:Net", arguments)


def test_the_output_lies_beside_the_source(tmp_path: Path) -> None:
    folder = tmp_path / "model.v1"
    folder.mkdir()

    assert tmp_path / "model.v1.onnx" == default_output(folder)
    assert Path("net.onnx") == default_output(Path("net.pt2"))


def test_the_digest_of_a_folder_covers_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").write_bytes(b"1")
    first = sha256_of(folder)
    (folder / "deep" / "a").rename(folder / "deep" / "b")
    renamed = sha256_of(folder)
    (folder / "deep" / "b").write_bytes(b"2")

    assert 3 == len({first, renamed, sha256_of(folder)})
    assert hashlib.sha256(b"2").hexdigest() == sha256_of(folder / "deep" / "b")


def test_the_digest_of_a_checkpoint_covers_the_values_beside_its_graph(tmp_path: Path) -> None:
    parts = [tmp_path / f"net.ckpt.{end}" for end in ("data-00000-of-00001", "index", "meta")]
    for part in parts:
        part.write_text(part.name)
    (tmp_path / "net.ckpt-2.index").write_text("of another")
    before = sha256_of(parts[-1])
    (tmp_path / "net.ckpt-2.index").write_text("changed")
    assert before == sha256_of(parts[-1])

    parts[0].write_text("trained further")

    assert before != sha256_of(parts[-1])
