"""What a kernel's environment holds."""

import sys
from pathlib import Path

import pytest
from fake.notebooks import save_notebook
from onnxport.errors import UserError
from onnxport.notebook.document import read_notebook
from onnxport.notebook.kernel import Kernel, ensure_kernel_folder
from onnxport.service.notebook.environment import kernel_environment, own_requirements
from onnxport.service.notebooks import Notebooks


def names(requirements: tuple[str, ...]) -> set[str]:
    return {text.split("=")[0].split(">")[0].split("<")[0] for text in requirements}


def test_cells_say_what_is_needed(tmp_path: Path) -> None:
    notebook = read_notebook(save_notebook(tmp_path / "a.ipynb", "import cv2", "import what"))
    wanted = kernel_environment("auto", None, notebook)

    assert {"opencv-python-headless", "ipykernel", "sqlalchemy"} <= names(
        wanted.specification.requirements
    )
    assert "module what" in wanted.notices[0]


def test_the_vendors_packages_are_never_installed(tmp_path: Path) -> None:
    notebook = read_notebook(save_notebook(tmp_path / "a.ipynb", "!pip install azureml-sdk onnx"))
    requirements = kernel_environment("auto", None, notebook).specification.requirements

    assert [] == [text for text in requirements if text.startswith("azureml")]


def test_versions_in_a_file_win_over_those_of_onnxport(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("onnx==1.16.2\nipykernel==6.20\nazureml-core\n")
    requirements = kernel_environment(file, None).specification.requirements

    assert ["onnx==1.16.2"] == [text for text in requirements if text.startswith("onnx")]
    assert ["ipykernel==6.20"] == [text for text in requirements if text.startswith("ipyk")]
    assert "numpy" in requirements


def test_a_python_that_is_too_old_for_the_facade_is_raised(tmp_path: Path) -> None:
    file = tmp_path / "myenv.yml"
    file.write_text("dependencies:\n  - python=3.8\n")
    raised = kernel_environment(file, None)
    insisted = kernel_environment(file, "3.8")

    assert (f"3.{sys.version_info.minor}", True) == (raised.python, raised.has_modules)
    assert ("3.8", False) == (insisted.python, insisted.has_modules)
    assert "sqlalchemy" not in names(insisted.specification.requirements)


def test_own_requirements_hold_no_data_plane() -> None:
    assert not {"onnxport-serve", "uvloop", "netron"} & names(own_requirements())


def test_a_kernel_folder_is_made_once(tmp_path: Path) -> None:
    folder = ensure_kernel_folder(tmp_path, Path(sys.executable), Path(__file__))

    assert folder == ensure_kernel_folder(tmp_path, Path(sys.executable), Path(__file__))
    assert [folder] == list(tmp_path.iterdir())
    assert {"azureml", "onnxport", "onnxport_serve"} == {
        path.name for path in (folder / "modules").iterdir()
    }
    assert (folder / "bin" / "wget").stat().st_mode & 0o111


def test_a_kernel_knows_its_workspace_and_mirror(tmp_path: Path) -> None:
    python = tmp_path / "env" / "bin" / "python"
    kernel = Kernel(python, tmp_path / "k", tmp_path / "ws", tmp_path / "m", Path("hook"), True)
    env = kernel.specification(variables={"MINE": "1", "PATH": "no"})["env"]

    assert str(tmp_path / "ws") == env["ONNXPORT_WORKSPACE"]
    assert str(tmp_path / "m") == env["ONNXPORT_MIRROR"]
    assert env["PATH"].startswith(str(tmp_path / "k" / "bin"))
    assert "1" == env["MINE"]


@pytest.mark.parametrize("name", ["1x", "class", "a b", ""])
def test_names_are_pythons(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        Notebooks(tmp_path).run(save_notebook(tmp_path / "a.ipynb", "x"), values={name: 1})


@pytest.mark.parametrize("output", [".", "missing/a.ipynb", "a.ipynb"])
def test_an_output_that_cannot_be_is_refused_before_anything(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UserError):
        Notebooks(tmp_path).run(save_notebook(tmp_path / "a.ipynb", "x"), output=output)
