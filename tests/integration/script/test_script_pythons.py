"""Scripts in interpreters of several versions, old ones too, behind one endpoint."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fake.script_endpoint import ScriptEndpoint
from uv import find_uv_bin

SCRIPT = """
import json, sys
from azureml.core.model import Model
from azureml.contrib.services.aml_request import AMLRequest
from azureml.monitoring import ModelDataCollector
def init():
    global collector
    collector = ModelDataCollector("none", "inputs")
    print("as old as", sys.version)
def run(raw_data):
    collector.collect([json.loads(raw_data)])
    return {"result": json.loads(raw_data), "python": sys.version_info[:2]}
"""
BODY = b"[1, 2]"


def old_python() -> str | None:
    """A Python 3.8 of this machine."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which("python3.8"), *map(str, root.glob("versions/3.8.*/bin/python"))]
    for python in filter(None, found):
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return None


@pytest.mark.skipif(old_python() is None, reason="no Python 3.8 on this machine")
def test_python_3_8_and_a_new_one_behind_one_endpoint(tmp_path: Path) -> None:
    old = tmp_path / "old"
    subprocess.run([find_uv_bin(), "venv", "-q", "--python", str(old_python()), old], check=True)
    subject = ScriptEndpoint(tmp_path / "endpoint")
    try:
        collecting = {"model_data": "data"}
        subject.add_script(1, SCRIPT, environment=str(old), settings=collecting)
        subject.add_script(2, SCRIPT)
        subject.serve({1: 50, 2: 50})
        subject.wait_ready()
        pythons = [tuple(subject.score(BODY).json()["python"]) for _ in range(20)]
    finally:
        subject.kill()

    rows = [file.read_text() for file in subject.directory.rglob("data.csv")]
    assert [11] == [len(text.splitlines()) for text in rows]
    assert {(3, 8), sys.version_info[:2]} == set(pythons)
    assert 10 == pythons.count((3, 8))
