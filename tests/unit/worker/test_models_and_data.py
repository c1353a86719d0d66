"""What scoring code finds of Azure ML: model paths, variables, collected data."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from onnxport_serve.worker.layout import lay_out, variables
from onnxport_serve.worker.model_data import ModelDataCollector
from onnxport_serve.worker.models import ModelNotFound, model_path


def manifest(*models: tuple[str, int, str | None]) -> dict[str, Any]:
    return {
        "code": {"directory": "code", "entry_script": "score.py", "source_directory": None},
        "models": [
            {"name": n, "version": v, "path": f"models/{n}/{v}", "file": f, "proof": None}
            for n, v, f in models
        ],
        "environment": {"variables": {"MODE": "fast"}},
    }


def bundle_with(folder: Path, stated: dict[str, Any], *files: str) -> str:
    for name in ("code/score.py", *files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    for model in stated["models"]:
        (folder / model["path"]).mkdir(parents=True, exist_ok=True)
    return str(folder)


@pytest.fixture
def app_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    stated = manifest(("a", 1, "m.onnx"), ("a", 2, "m.onnx"), ("b", 1, None), ("c", 1, None))
    files = ("models/a/1/m.onnx", "models/a/2/m.onnx", "models/a/2/w.bin", "models/b/1/weights.pt", "models/c/1/x", "models/c/1/y")  # fmt: skip
    bundle = bundle_with(tmp_path / "bundle", stated, *files)
    root = tmp_path / "root"
    root.mkdir()
    script, source = lay_out(stated, bundle, str(root))
    assert (str(root / "score.py"), None) == (script, source)
    for name, value in variables(stated, str(root)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(root)
    return root


def test_paths_are_those_of_files_or_of_folders_with_several(app_root: Path) -> None:
    models = app_root / "azureml-models"

    assert str(models / "a/2/m.onnx") == model_path("a")
    assert str(models / "a/1/m.onnx") == model_path("a", 1)
    assert str(models / "b/1/weights.pt") == model_path("b")
    assert str(models / "c/1") == model_path("c")
    assert str(models) == os.environ["AZUREML_MODEL_DIR"]
    assert "fast" == os.environ["MODE"]


def test_a_model_that_is_not_there_is_said_with_those_that_are(app_root: Path) -> None:
    with pytest.raises(
        ModelNotFound, match="Model z not found; the models of this revision: a:1, a:2"
    ):
        model_path("z")
    with pytest.raises(ModelNotFound, match="a:3"):
        model_path("a", 3)
    with pytest.raises(TypeError):
        model_path("a", "1")  # type: ignore[arg-type]
    (app_root / "z").mkdir()
    assert "./z" == model_path("z")


def test_one_model_is_the_model_directory(tmp_path: Path) -> None:
    root = tmp_path / "root"
    found = variables(manifest(("a", 3, "m.onnx")), str(root))

    assert str(root / "azureml-models/a/3") == found["AZUREML_MODEL_DIR"]
    assert [{"name": "a", "version": 3, "file": "m.onnx", "proof": None}] == json.loads(
        found["ONNXPORT_MODEL_FILES"]
    )


def test_what_may_be_null_may_be_absent(tmp_path: Path) -> None:
    stated = {
        "code": {"directory": "code", "entry_script": "score.py"},
        "models": [{"name": "a", "version": 1, "path": "models/a/1"}],
    }
    bundle = bundle_with(tmp_path / "bundle", stated)
    (tmp_path / "root").mkdir()

    assert lay_out(stated, bundle, str(tmp_path / "root"))[1] is None
    assert '"file": null' in variables(stated, str(tmp_path / "root"))["ONNXPORT_MODEL_FILES"]


def test_the_script_may_write_beside_itself_and_the_bundle_stays(
    app_root: Path, tmp_path: Path
) -> None:
    (app_root / "score.py").write_text("changed")

    assert "code/score.py" == (tmp_path / "bundle/code/score.py").read_text()


class FakeArray:
    def __init__(self, rows: list[list[float]]) -> None:
        self.rows = rows
        self.shape = (len(rows), len(rows[0]))

    def reshape(self, *_: int) -> "FakeArray":
        return self

    def tolist(self) -> list[list[float]]:
        return self.rows


def test_collected_rows_lie_in_the_documented_layout(
    app_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "modeldata/onnxport/local/onnxport/scripts"
    monkeypatch.setenv("ONNXPORT_MODEL_DATA", str(folder))
    monkeypatch.setenv("SERVICE_NAME", "scripts")
    collector = ModelDataCollector("a", identifier="inputs", feature_names=["x", "y"])
    collector.collect([[1.5, "a,b"], [2, None]])
    collector.collect(FakeArray([[3.0, 4.0]]), "mine")
    collector.collect([7, 8])

    (file,) = folder.rglob("*.csv")
    assert ("a", "2", "inputs") == file.relative_to(folder).parts[:3]
    assert [4, 2, 2] == [len(part) for part in file.relative_to(folder).parts[3:6]]
    assert "data.csv" == file.name
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [("1.5", "a,b"), ("2", ""), ("3.0", "4.0"), ("7", "8")] == [
        (r["x"], r["y"]) for r in rows
    ]
    assert rows[0]["$aml_dc_correlation_id"] == rows[1]["$aml_dc_correlation_id"]
    assert ("mine", "scripts", "a", "2") == tuple(rows[2][f"$aml_{n}"] for n in ("dc_correlation_id", "service_name", "model_name", "model_version"))  # fmt: skip


def test_nothing_is_collected_where_the_endpoint_does_not(
    app_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONNXPORT_MODEL_DATA", raising=False)
    before = sorted(app_root.rglob("*"))

    assert ModelDataCollector("a", "inputs").collect([[1]])
    assert before == sorted(app_root.rglob("*"))


@pytest.mark.parametrize("designation", ["..", "a/b", "a\\b", "\0"])
def test_a_designation_cannot_leave_the_folder(designation: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of the path"):
        ModelDataCollector("a", designation)


def test_a_full_disk_fails_no_prediction(
    app_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONNXPORT_MODEL_DATA", "/dev/full/data")

    ModelDataCollector("a", "inputs").collect([[1]])

    assert "collected data cannot be written" in capsys.readouterr().err
