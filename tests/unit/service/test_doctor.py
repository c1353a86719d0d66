"""What doctor says of machines that lack something."""

import sys

import pytest
from onnxport.registry.errors import DatabaseFailed
from onnxport.service import doctor


def checks_by_name():
    return {check.name: check for check in doctor.check_machine()}


def test_this_machine_can_serve():
    assert {"ok", "note"} >= {check.level for check in checks_by_name().values()}


def test_an_interpreter_that_cannot_import_the_runtime_is_missing_it(monkeypatch):
    monkeypatch.setattr(doctor, "_PROVIDERS", "raise ImportError('libonnx.so is gone')")

    check = checks_by_name()["onnxruntime"]

    assert "missing" == check.level
    assert "libonnx.so is gone" in check.what
    assert "pip install" in check.fix


def test_an_old_python_is_named_with_a_way_out(monkeypatch):
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))

    check = checks_by_name()["python"]

    assert ("missing", True) == (check.level, sys.version.split()[0] in check.what)
    assert check.fix


def test_a_workspace_that_cannot_be_written_is_missing_and_a_broken_registry_too(tmp_path):
    def broken():
        raise DatabaseFailed("registry.db", "it is not a database")

    checks = {check.name: check for check in doctor.check_workspace(tmp_path, broken)}

    assert "ok" == checks["workspace"].level
    assert ("missing", True) == (
        checks["registry"].level,
        "not a database" in checks["registry"].what,
    )


def test_a_full_disk_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "_LEAST_FREE_BYTES", 1 << 60)

    check = doctor._disk(tmp_path)

    assert ("warning", "Free some space: onnxport workspace gc") == (check.level, check.fix)


@pytest.mark.parametrize("tool", doctor._TOOLS)
def test_tools_of_other_targets_are_notes(tool):
    assert "note" == checks_by_name()[tool].level
