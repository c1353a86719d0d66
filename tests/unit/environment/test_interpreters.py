"""Interpreters are found where people have them, and a replacement is said."""

import stat
import sys
from pathlib import Path

import pytest
from onnxport.environment import interpreters
from onnxport.environment.errors import InterpreterNotFound
from onnxport.environment.interpreters import find_interpreter, find_on_machine
from onnxport.environment.python_version import running_python


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on `PATH`, no uv that knows interpreters, and no network."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / ".pyenv"))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setattr(interpreters, "find_uv", lambda: "/bin/false")
    return tmp_path


def add(path: Path, version: str, code: int = 0) -> Path:
    """Something that answers as an interpreter does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\nexit {code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_one_that_runs_onnxport_comes_first(machine: Path) -> None:
    add(machine / "path" / f"python{running_python()}", running_python())
    found = find_on_machine(running_python())

    assert found is not None
    assert sys.executable == found.path


def test_one_on_the_path_is_found(machine: Path) -> None:
    path = add(machine / "path" / "python3.77", "3.77")

    assert str(path) == find_interpreter("3.77", print, exact=True).path


def test_the_newest_patch_of_pyenv_is_found_and_its_shims_are_not(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims = machine / ".pyenv" / "shims"
    monkeypatch.setenv("PATH", str(shims))
    add(shims / "python3.77", "3.77")
    add(machine / ".pyenv" / "versions" / "3.77.9" / "bin" / "python", "3.77")
    newest = add(machine / ".pyenv" / "versions" / "3.77.10" / "bin" / "python", "3.77")

    assert str(newest) == find_interpreter("3.77", print, exact=True).path


def test_one_of_a_conda_environment_is_found(machine: Path) -> None:
    place = machine / "conda"
    path = add(place / "bin" / "python", "3.77")
    (place / "conda-meta").mkdir()
    (place / "conda-meta" / "python-3.77.1-h0.json").write_text("{}")
    (machine / ".conda").mkdir()
    (machine / ".conda" / "environments.txt").write_text(f"/gone\n{place}\n")

    assert str(path) == find_interpreter("3.77", print, exact=True).path


@pytest.mark.parametrize(("version", "code"), [("3.76", 0), ("3.77", 127), ("what", 0)])
def test_what_is_not_what_its_name_says_is_not_used(machine: Path, version: str, code: int) -> None:
    add(machine / "path" / "python3.77", version, code)

    assert find_on_machine("3.77") is None


def test_the_nearest_newer_one_takes_its_place_and_that_is_said(machine: Path) -> None:
    add(machine / "path" / "python3.79", "3.79")
    add(machine / ".pyenv" / "versions" / "3.78.1" / "bin" / "python", "3.78")
    found = find_interpreter("3.77", print, exact=False)

    assert "3.78" == found.python
    assert found.notice is not None
    assert "Python 3.77 is wanted" in found.notice
    assert "Python 3.78 is used instead" in found.notice
    assert "--python 3.77" in found.notice


def test_one_that_a_person_named_is_not_replaced(machine: Path) -> None:
    add(machine / "path" / "python3.79", "3.79")

    with pytest.raises(InterpreterNotFound, match=r"Python 3\.77 is not .*3\.79"):
        find_interpreter("3.77", print, exact=True)


def test_an_older_one_is_no_replacement(machine: Path) -> None:
    with pytest.raises(InterpreterNotFound):
        find_interpreter("3.77", print, exact=False)
