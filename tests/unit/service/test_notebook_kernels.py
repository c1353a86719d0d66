"""Where kernels for Jupyter are written, and what is never overwritten."""

import json
from pathlib import Path

import pytest
from onnxport.service.notebook.kernels import (
    KernelNameInvalid,
    KernelNameTaken,
    check_kernel_name,
    install_kernel,
)

OURS = {"argv": ["python"], "env": {"ONNXPORT_NOTEBOOK_PREFIX": "/x"}}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_kernel_is_written_where_jupyter_looks(data: Path) -> None:
    install_kernel("onnxport", OURS)

    assert OURS == json.loads((data / "kernels" / "onnxport" / "kernel.json").read_text())


def test_one_of_ours_is_replaced() -> None:
    install_kernel("onnxport", OURS)
    folder = install_kernel("onnxport", {**OURS, "argv": ["other"]})

    assert ["other"] == json.loads((folder / "kernel.json").read_text())["argv"]


@pytest.mark.parametrize("text", ['{"argv": []}', "{", "[]"])
def test_another_programs_kernel_stays(text: str, data: Path) -> None:
    folder = data / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(text)

    with pytest.raises(KernelNameTaken):
        install_kernel("python3", OURS)


@pytest.mark.parametrize("name", ["", "../x", "a b", "A", ".x", "x" * 80])
def test_names_are_jupyters(name: str) -> None:
    with pytest.raises(KernelNameInvalid):
        check_kernel_name(name)
