"""`onnxport mirror`: what is printed and which exit codes there are."""

import json
from pathlib import Path

import pytest
from onnxport.cli.main import main

URL = "https://host.example/data.bin"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONNXPORT_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("ONNXPORT_MIRROR", raising=False)
    (tmp_path / "data.bin").write_bytes(b"12345")
    return tmp_path


def test_a_url_is_added_listed_verified_and_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == main(["mirror", "add", URL, str(folder / "data.bin")])
    assert Path(capsys.readouterr().out.strip()).is_relative_to(folder / "workspace" / "mirror")
    assert 0 == main(["mirror", "list", "--json"])
    [listed] = json.loads(capsys.readouterr().out)
    assert (URL, 5) == (listed["url"], listed["bytes"])
    assert 0 == main(["mirror", "verify"])
    assert f"{URL}  whole" in capsys.readouterr().out
    assert 0 == main(["mirror", "remove", URL])
    assert {} == json.loads((folder / "workspace" / "mirror" / "mirror.json").read_text())


def test_a_damaged_file_is_the_platforms_failure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["mirror", "add", URL, str(folder / "data.bin")])
    Path(capsys.readouterr().out.strip()).write_bytes(b"other")

    assert 3 == main(["mirror", "verify"])
    assert "damaged" in capsys.readouterr().out


def test_the_variable_names_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONNXPORT_MIRROR", str(folder / "mine"))
    main(["mirror", "add", URL, str(folder / "data.bin")])

    assert (folder / "mine" / "mirror.json").is_file()


@pytest.mark.parametrize("arguments", [[URL], [URL, "data.bin", "--download"]])
def test_either_a_file_or_a_download_is_asked_for(arguments: list[str]) -> None:
    assert 2 == main(["mirror", "add", *arguments])


def test_a_download_that_fails_says_what_else_can_be_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")

    assert 3 == main(["mirror", "add", "http://127.0.0.1:9/x", "--download"])
    assert "onnxport mirror add 'http://127.0.0.1:9/x' FILE" in capsys.readouterr().err
