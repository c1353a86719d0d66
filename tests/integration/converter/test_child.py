"""The Python that a conversion runs in: the same in every run, and nothing in it stands in for a package of the framework."""

import sys
from pathlib import Path

import pytest
from onnxport.converter.interface import ConversionRefused, Job
from onnxport.converter.isolation.child import run_converter
from onnxport.converter.isolation.confinement import Confinement, Isolation
from onnxport.converter.isolation.folder import job_folder


def told_by(tmp_path: Path, program: str) -> str:
    source = tmp_path / "model.code"
    source.write_text(program)
    job = Job(source, "code", trusted=True)
    with pytest.raises(ConversionRefused) as told, job_folder() as folder:
        run_converter(
            "fake.code_converter",
            Path(sys.executable),
            job,
            Confinement(Isolation.NO),
            folder,
        )
    return told.value.message


def test_sets_of_names_are_walked_in_the_same_order(tmp_path: Path) -> None:
    program = "told = list({f'name {number}' for number in range(50)})"

    assert told_by(tmp_path, program) == told_by(tmp_path, program)


def test_the_converters_own_folders_are_no_frameworks(tmp_path: Path) -> None:
    program = "import importlib.util\ntold = importlib.util.find_spec('libsvm')"

    assert "None" == told_by(tmp_path, program)


def test_settings_and_packages_of_the_user_have_no_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path))
    program = f"import sys\ntold = any(part.startswith({str(tmp_path)!r}) for part in sys.path)"

    assert "False" == told_by(tmp_path, program)
