"""Conda files become requirements, with a notice for all that is not as it was."""

from pathlib import Path

import pytest
from onnxport.environment.conda_names import CondaNames, built_in_names
from onnxport.environment.errors import PythonUnsupported
from onnxport.environment.specification import EnvironmentSpecification, read_specification
from onnxport.environment.specification_errors import (
    CondaNamesUnusable,
    CondaPackageUnmapped,
    SpecificationInvalid,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def read(folder: Path, text: str, name: str = "myenv.yml") -> EnvironmentSpecification:
    path = folder / name
    path.write_text(text)
    return read_specification(path, built_in_names())


def read_dependencies(folder: Path, *lines: str) -> EnvironmentSpecification:
    return read(folder, "dependencies:\n" + "".join(f"- {line}\n" for line in lines))


def test_the_file_that_the_page_writes(folder: Path) -> None:
    text = (
        "# comment\r\nname: project_environment\ndependencies:\n- python=3.6.2\n"
        "- pip:\n  - azureml-defaults\n  - onnxruntime==1.15.1\n- numpy\nchannels:\n- anaconda\n- conda-forge\n"
    )
    specification = read(folder, text)

    assert ("onnxruntime==1.15.1", "numpy", "inference-schema") == specification.requirements
    assert "3.8" == specification.python
    assert ("myenv.yml", (folder / "myenv.yml").read_bytes()) == (
        specification.source_name,
        specification.source,
    )
    assert (
        "Python 3.6.2 is older than any that is supported: 3.8 is used instead",
        "azureml-defaults is provided by onnxport and not downloaded",
    ) == specification.notices


@pytest.mark.parametrize(
    ("conda", "wheel"),
    [
        ("pytorch=1.13.1", "torch==1.13.1.*"),
        ("pytorch::pytorch", "torch"),
        ("pytorch-cpu==1.0.1", "torch==1.0.1"),
        ("py-xgboost>=1.5", "xgboost>=1.5"),
        ("opencv=4.5", "opencv-python-headless==4.5.*"),
        ("tensorflow-gpu=2.4", "tensorflow==2.4.*"),
        ("matplotlib-base", "matplotlib"),
        ("msgpack-python", "msgpack"),
        ("pytables", "tables"),
        ("scikit-learn=0.24", "scikit-learn==0.24.*"),
    ],
)
def test_conda_names_become_names_of_wheels(folder: Path, conda: str, wheel: str) -> None:
    assert (wheel,) == read_dependencies(folder, conda).requirements


def test_libraries_are_left_out_and_said(folder: Path) -> None:
    specification = read_dependencies(
        folder, "libgcc-ng=9.3", "openssl=1.1.1k=h27cfd23_0", "git", "__cuda", "pip=21", "six"
    )

    assert ("six",) == specification.requirements
    assert [
        "the conda packages libgcc-ng, openssl are left out: wheels carry what they need",
        "the conda package git is left out: programs are no Python packages, install what the script calls on the machine",
        "the conda package __cuda is left out: it stands for a property of the machine",
    ] == list(specification.notices)


def test_the_version_of_a_nightly_build_is_not_kept(folder: Path) -> None:
    specification = read_dependencies(folder, "pytorch-nightly=1.0.0.dev20181001")

    assert ("torch",) == specification.requirements
    assert 1 == len(specification.notices)


@pytest.mark.parametrize(
    "name",
    ["azureml-core", "azureml_sdk[automl]==1.5", "AzureML.Widgets", "azureml-contrib-services"],
)
def test_packages_of_the_vendor_are_never_asked_for(folder: Path, name: str) -> None:
    specification = read_dependencies(folder, f"{{pip: ['{name}', six]}}")

    assert ("six",) == specification.requirements
    assert "is provided by onnxport and not downloaded" in specification.notices[0]


def test_a_schema_package_that_is_named_is_kept_as_it_is(folder: Path) -> None:
    specification = read_dependencies(
        folder, "azureml-defaults", "{pip: ['inference_schema[numpy-support]==1.5']}"
    )

    assert ("inference_schema[numpy-support]==1.5",) == specification.requirements


def test_variables_are_texts(folder: Path) -> None:
    specification = read(folder, "name: x\nvariables:\n  A: 1.10\n  B: true\n  C_1: ''\n")

    assert {"A": "1.10", "B": "true", "C_1": ""} == specification.variables


def test_options_and_constraints_of_pip_are_read(folder: Path) -> None:
    (folder / "c.txt").write_text("six<2\n")
    (folder / "more.txt").write_text("idna\n")
    specification = read_dependencies(
        folder, "{pip: ['--extra-index-url https://x/simple', -c c.txt, -r more.txt, six]}"
    )

    assert ("idna", "six") == specification.requirements
    assert ("six<2",) == specification.constraints
    assert ("--extra-index-url=https://x/simple",) == specification.options


@pytest.mark.parametrize("pip", ["{pip: []}", "{pip: }", "{pip: ~}"])
def test_an_empty_pip_list_is_none(folder: Path, pip: str) -> None:
    assert ("six",) == read_dependencies(folder, "six", pip).requirements


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\nname: x\n", "not YAML"),
        (
            "name: x\ndependencies: six\n",
            "line 2 of myenv.yml has dependencies that are not a list",
        ),
        ("dependencies:\n- six\n- {conda: [x]}\n", "line 3"),
        ("dependencies:\n- {pip: [[six]]}\n", "no requirement of pip"),
        ("dependencies:\n- [six]\n", "neither a package nor a list"),
        ("name: &a x\nprefix: *a\n", "line 2 of myenv.yml refers to another place"),
        ("dependencies: []\ndependencies: [six]\n", "repeats the key 'dependencies'"),
        ("dependencies: " + "[" * 5000, "nested"),
        ("name: x\nvariables: [a]\n", "variables that are not"),
        ("name: x\nvariables: {'a-b': 1}\n", "no variable"),
        ("name: x\n? [a]\n: b\n", "not a word"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(folder: Path, text: str, words: str) -> None:
    with pytest.raises(SpecificationInvalid, match=words):
        read(folder, text)


def test_aliases_do_not_multiply(folder: Path) -> None:
    bomb = "name: x\na0: &a0 [x,x,x]\n" + "".join(
        f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    with pytest.raises(SpecificationInvalid, match="line 3"):
        read(folder, bomb)


def test_what_has_no_wheel_is_named_with_what_works(folder: Path) -> None:
    with pytest.raises(CondaPackageUnmapped, match=r"'pytorch=1\.2\|1\.3'") as caught:
        read_dependencies(folder, "pytorch=1.2|1.3")
    assert "What works: torch" in caught.value.remedy
    assert "ONNXPORT_CONDA_NAMES" in caught.value.remedy


def test_python_2_is_refused(folder: Path) -> None:
    with pytest.raises(PythonUnsupported):
        read_dependencies(folder, "python=2.7")


def test_the_users_names_stand_above_the_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "conda-names.json").write_text('{"In-House": "in-house-wheel", "pytorch": null}')
    own = folder / "own.json"
    own.write_text('{"git": "gitpython", "in-house": "newer[x]>=1"}')
    monkeypatch.setenv("ONNXPORT_CONDA_NAMES", str(own))
    path = folder / "myenv.yml"
    path.write_text("dependencies: [in-house<2, pytorch, git]\n")
    specification = read_specification(path, CondaNames.of_user(folder))

    assert ("newer[x]<2,>=1", "gitpython") == specification.requirements
    assert (
        "the conda package pytorch is left out: your table of names says so",
    ) == specification.notices


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', '{"a": "not a name!"}', "[" * 99999])
def test_an_unusable_table_of_names_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    own = folder / "own.json"
    own.write_text(text)
    monkeypatch.setenv("ONNXPORT_CONDA_NAMES", str(own))

    with pytest.raises(CondaNamesUnusable, match=r"own\.json"):
        CondaNames.of_user()


def test_the_table_holds_names_that_wheels_can_have() -> None:
    from packaging.requirements import Requirement

    names = built_in_names()

    assert set() == set(names.wheels) & set(names.left_out)
    assert [] == [wheel for wheel in names.wheels.values() if str(Requirement(wheel)) != wheel]
