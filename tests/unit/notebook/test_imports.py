"""Which modules cells import, whatever IPython allows in them."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.notebook.imports import imported_modules
from onnxport.notebook.module_table import requirements_of
from onnxport.notebook.plain_python import installed_words, plain_python

NOWHERE = Path("/nowhere")


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import numpy as np, cv2", ["cv2", "numpy"]),
        ("from PIL import Image", ["PIL.Image"]),
        ("from azureml.core.model import Model", ["azureml.core.model.Model"]),
        ("import json, os, urllib.request", []),
        ("%matplotlib inline", ["matplotlib"]),
        ("!pip list\nimport onnx", ["onnx"]),
        ("files = !ls\nimport onnx", ["onnx"]),
        ("for f in x:\n    !echo {f}\n    import onnx", ["onnx"]),
        ("%%time\nimport onnx", ["onnx"]),
        ("\n%%time\nimport onnx", ["onnx"]),
        ("%%writefile score.py\nimport onnxruntime", []),
        ("%%bash\nimport x", []),
        ("help?\nimport onnx", ["onnx"]),
        ("?help\nimport onnx", ["onnx"]),
        ("print 'Python 2'\nimport onnx\nfrom yaml import load", ["onnx", "yaml"]),
        (
            "def f():\n    try:\n        import onnx\n    except ImportError:\n        pass",
            ["onnx"],
        ),
        ("from . import x", []),
        ("# import onnx\n'''\nimport yaml\n'''", []),
    ],
)
def test_modules_of_a_cell(source: str, modules: list[str]) -> None:
    assert modules == imported_modules([source], NOWHERE)


def test_modules_beside_the_notebook_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import yaml, mine\nfrom json import loads")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")

    assert ["yaml"] == imported_modules(["import mine, package"], tmp_path)


_line = st.sampled_from(
    ["!ls -l", "%time x", "x = !ls", "y = %sql", "import onnx", "if x:", "    pass", "a?", "??b", "%%bash", "", "x = 5 % 3", "z != 3"]
)  # fmt: skip


@given(st.lists(_line | st.text(max_size=10), max_size=8))
def test_any_cell_can_be_looked_at(lines: list[str]) -> None:
    imported_modules(["\n".join(lines)], NOWHERE)


@given(st.lists(st.sampled_from(["import onnx", "x = 5 % 3", "if y != 2: pass", "s = '%d' % 3"])))
def test_plain_python_stays_as_it_is(lines: list[str]) -> None:
    source = "\n".join(lines)

    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(plain_python(source)))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("!pip install onnx", ["onnx"]),
        ("%pip install -q 'onnx==1.14' yaml  # now", ["onnx==1.14", "yaml"]),
        ("!python -m pip install --upgrade onnx", ["onnx"]),
        ("!pip list", []),
    ],
)
def test_what_a_cell_installs(source: str, words: list[str]) -> None:
    assert words == installed_words(source)


@pytest.mark.parametrize(
    ("module", "requirement"),
    [
        ("cv2", "opencv-python-headless"),
        ("PIL.Image", "pillow"),
        ("sklearn.svm.SVC", "scikit-learn"),
        ("google.protobuf.text_format", "protobuf"),
        ("skimage.transform", "scikit-image"),
        ("yaml", "pyyaml"),
        ("mpl_toolkits.mplot3d", "matplotlib"),
        ("h5py", "h5py"),
    ],
)
def test_modules_are_provided_by_packages(module: str, requirement: str) -> None:
    assert (requirement,) == requirements_of([module]).requirements


def test_core_ml_gets_the_versions_that_work_together() -> None:
    found = requirements_of(["coremltools", "onnxmltools", "onnx", "numpy"])

    assert {"coremltools==7.2", "onnxmltools==1.11.2", "onnx==1.16.2", "numpy<2"} < set(
        found.requirements
    )
    assert "3.11" == found.python


def test_what_a_notebook_installs_wins() -> None:
    assert ("onnx==1.14",) == requirements_of(["onnx"], ["onnx==1.14", "./wheel.whl"]).requirements


def test_what_onnxport_provides_is_not_installed() -> None:
    found = requirements_of(["azureml.core.Workspace", "onnxport"])

    assert ((), ()) == (found.requirements, found.unknown)


def test_an_unknown_module_is_not_guessed() -> None:
    assert ((), ("utils_of_mine",)) == (
        requirements_of(["utils_of_mine.x"]).requirements,
        requirements_of(["utils_of_mine.x"]).unknown,
    )
