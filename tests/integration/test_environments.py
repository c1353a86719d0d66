"""Environments from a package index: another Python, no network the second time, nothing of the vendor's."""

import os
import subprocess
from pathlib import Path

import pytest
from onnxport import Workspace
from onnxport.environment.errors import (
    IndexUnreachable,
    NoFileForPython,
    PackageBuildFailed,
    PackageNotFound,
    VersionNotAvailable,
)
from onnxport.environment.interpreters import find_on_machine
from onnxport.service.environments import BuiltEnvironment, Environments

pytestmark = [pytest.mark.network, pytest.mark.timeout(300)]


@pytest.fixture
def environments(tmp_path: Path) -> Environments:
    return Workspace.open(tmp_path / "workspace").environments


def build(environments: Environments, text: str, **options: str) -> BuiltEnvironment:
    """Build what a file with this text asks for; skips where there is no package index (never in CI)."""
    path = environments.store.folder.parent.parent / "myenv.yml"
    path.write_text(text)
    try:
        return environments.build(path, **options)  # type: ignore[arg-type]
    except IndexUnreachable as error:
        if "CI" not in os.environ:
            pytest.skip(error.message)
        raise


def versions(built: BuiltEnvironment) -> dict[str, str]:
    return {package.name: package.version for package in built.record.packages}


def test_the_file_of_the_page_becomes_an_old_python_without_the_vendors_packages(
    environments: Environments,
) -> None:
    if find_on_machine("3.8") is None:
        pytest.skip("there is no Python 3.8 on this machine")
    built = build(
        environments,
        "name: project_environment\ndependencies:\n- python=3.8.13\n- pip:\n  - azureml-defaults\n- six=1.16\nchannels:\n- anaconda\n",
    )
    python = built.record.directory / "bin" / "python"
    code = "import sys, six, inference_schema; print(sys.version_info[:2], six.__version__)"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)

    assert "(3, 8) 1.16.0\n" == answer.stdout
    assert {"inference-schema", "six"} <= set(versions(built))
    assert [] == [name for name in versions(built) if name.startswith("azureml")]
    assert "azureml-defaults is provided by onnxport and not downloaded" in built.notices


def test_the_second_time_needs_no_network(
    environments: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "idna==3.10\nsix\n"
    first = build(environments, text)
    environments.delete(first.record.id)
    monkeypatch.setenv("UV_OFFLINE", "1")
    second = build(environments, text)

    assert first.record.lock_sha256 == second.record.lock_sha256
    assert versions(first) == versions(second)


def test_a_source_package_is_built_where_there_is_no_wheel(environments: Environments) -> None:
    built = build(environments, "--no-binary idna\nidna==3.10\nflit_core\n")

    assert "3.10" == versions(built)["idna"]


def test_a_name_that_no_index_holds(environments: Environments) -> None:
    with pytest.raises(PackageNotFound, match="scikit-learn"):
        build(environments, "dependencies: [scikit-lern]\n")


def test_a_version_that_no_index_holds(environments: Environments) -> None:
    with pytest.raises(VersionNotAvailable, match=r"six==1\."):
        build(environments, "dependencies: [six=99]\n")


def test_a_package_without_a_file_for_the_wanted_python(environments: Environments) -> None:
    with pytest.raises(NoFileForPython, match=r"3\.8, 3\.9"):
        build(environments, "onnxruntime==1.7.0\n")


def test_a_package_that_cannot_be_built_here(environments: Environments) -> None:
    if find_on_machine("3.12") is None:
        pytest.skip("there is no Python 3.12 on this machine")
    with pytest.raises(PackageBuildFailed, match=r"scipy==1\.2\.1"):
        build(environments, "dependencies: [scipy==1.2.1, python=3.12]\n")
