"""A person's folder with old code, and a workspace of its own."""

import pytest
from fake.own_interpreter import use_own_interpreter
from onnxport import Workspace as Native


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the code runs; its services are stopped afterwards."""
    use_own_interpreter(monkeypatch)
    monkeypatch.setenv("ONNXPORT_WORKSPACE", str(tmp_path / "my workspace"))
    folder = tmp_path / "notebook"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    Native.open().endpoints.down()


@pytest.fixture
def ws(folder):
    from azureml.core import Workspace

    return Workspace.from_config()
