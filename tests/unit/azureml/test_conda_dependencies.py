"""The conda file that `CondaDependencies` writes: entries and order as the vendor's SDK has them."""

import pytest
import yaml
from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException


def document(dependencies: CondaDependencies) -> str:
    """The text without its comments."""
    lines = dependencies.serialize_to_string().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


def test_an_empty_one_has_the_default_package():
    assert document(CondaDependencies()) == (
        "name: project_environment\ndependencies:\n- python=3.8.13\n- pip:\n  - azureml-defaults\n"
        "channels:\n- anaconda\n- conda-forge\n"
    )


def test_added_packages_follow_the_default_one():
    made = CondaDependencies()
    for package in ("numpy", "azureml-core", "onnxruntime"):
        made.add_pip_package(package)

    assert ["azureml-defaults", "numpy", "azureml-core", "onnxruntime"] == list(made.pip_packages)


def test_a_list_of_packages_takes_the_place_of_the_default_one():
    made = CondaDependencies.create(pip_packages=["numpy", "onnxruntime"])

    assert ["python=3.10.18", {"pip": ["numpy", "onnxruntime"]}] == made.as_dict()["dependencies"]


def test_conda_packages_come_after_pip():
    made = CondaDependencies.create(conda_packages=["scikit-learn"])

    expected = ["python=3.10.18", {"pip": ["azureml-defaults"]}, "scikit-learn"]
    assert expected == made.as_dict()["dependencies"]


def test_no_package_is_an_empty_list():
    assert "- pip: []\n" in document(CondaDependencies.create(pip_packages=[]))


def test_a_package_that_is_added_again_replaces_its_version():
    made = CondaDependencies.create(pip_packages=["Foo_bar==1", "numpy"])
    made.add_pip_package("foo-bar==2")

    assert ["numpy", "foo-bar==2"] == list(made.pip_packages)


def test_removing_takes_exactly_what_was_added_and_is_silent():
    made = CondaDependencies.create(conda_packages=["foo=1"], pip_packages=["numpy"])
    made.remove_conda_package("foo")
    made.remove_conda_package("pytorch=0.4.0")
    made.remove_pip_package("absent")
    assert ["python=3.10.18", "foo=1"] == list(made.conda_packages)
    made.remove_conda_package("foo=1")
    assert ["python=3.10.18"] == list(made.conda_packages)


def test_channels_and_options():
    made = CondaDependencies()
    made.add_channel("pytorch")
    made.set_pip_index_url("https://x.example/simple")
    made.set_pip_index_url("https://y.example/simple")

    assert ["anaconda", "conda-forge", "pytorch"] == list(made.conda_channels)
    assert ["--index-url https://y.example/simple"] == list(made.pip_options)
    assert ["azureml-defaults"] == list(made.pip_packages)


def test_a_file_is_read_and_written(tmp_path):
    file = tmp_path / "in.yml"
    file.write_text("name: x\ndependencies:\n- python=3.6.2\n- pip:\n  - numpy\n")
    made = CondaDependencies(file)

    assert ("3.6.2", ["numpy"]) == (made.get_python_version(), list(made.pip_packages))
    made.set_python_version("3.11")
    assert "3.11" == CondaDependencies(made.save(str(tmp_path / "out.yml"))).get_python_version()
    assert made.as_dict() == yaml.safe_load((tmp_path / "out.yml").read_text())


@pytest.mark.parametrize("text", ["[1, 2]", "{", "just words"])
def test_a_file_that_is_none_is_told(tmp_path, text):
    (tmp_path / "x.yml").write_text(text)
    with pytest.raises(UserErrorException, match=r"x\.yml"):
        CondaDependencies(tmp_path / "x.yml")
