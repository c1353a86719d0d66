"""Resolving with the real uv over a folder of small wheels: no network is used."""

from pathlib import Path

import pytest
from fake.wheels import write_requirements, write_wheel
from onnxport.environment.errors import (
    HashMismatch,
    PackageNotFound,
    PythonUnsupported,
    RequirementsConflict,
    VersionNotAvailable,
)
from onnxport.environment.lock import LockedEnvironment
from onnxport.environment.place import machine_name
from onnxport.environment.python_version import running_python
from onnxport.environment.specification import read_specification
from onnxport.environment.store import EnvironmentStore


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    for version in ("1.0", "2.0", "3.0"):
        write_wheel(folder, "thing", version)
    write_wheel(folder, "needs-old-thing", "1.0", ["thing<2"])
    return folder


def lock(tmp_path: Path, wheels: Path, *lines: str, **options: object) -> LockedEnvironment:
    path = write_requirements(tmp_path / "requirements.txt", wheels, *lines)
    store = EnvironmentStore(tmp_path / "environments")
    return store.lock(read_specification(path), **options)  # type: ignore[arg-type]


def test_a_lock_has_exact_versions_hashes_and_nothing_of_the_index(
    tmp_path: Path, wheels: Path
) -> None:
    locked = lock(tmp_path, wheels, "thing<3")

    assert {"thing": "2.0"} == locked.versions
    assert locked.text.startswith("thing==2.0 \\\n    --hash=sha256:")
    assert str(wheels) not in locked.text
    assert (running_python(), (machine_name(),)) == (locked.python, locked.platforms)


def test_nothing_is_a_lock_too(tmp_path: Path, wheels: Path) -> None:
    assert "" == lock(tmp_path, wheels).text


def test_the_same_file_gives_the_same_lock_until_it_is_upgraded(
    tmp_path: Path, wheels: Path
) -> None:
    first = lock(tmp_path, wheels, "thing")
    write_wheel(wheels, "thing", "4.0")

    assert first == lock(tmp_path, wheels, "thing")
    assert {"thing": "4.0"} == lock(tmp_path, wheels, "thing", upgrade=True).versions
    assert {"thing": "4.0"} == lock(tmp_path, wheels, "thing").versions


def test_a_damaged_lock_is_made_again(tmp_path: Path, wheels: Path) -> None:
    first = lock(tmp_path, wheels, "thing")
    for file in (tmp_path / "environments" / "locks").iterdir():
        file.write_text('{"format": "onnxport-lock/1"')

    assert first == lock(tmp_path, wheels, "thing")


def test_constraints_bound_what_is_installed_only(tmp_path: Path, wheels: Path) -> None:
    (tmp_path / "c.txt").write_text("thing<2\nother<1\n")

    assert {"thing": "1.0"} == lock(tmp_path, wheels, "thing", "-c c.txt").versions


def test_no_package_of_the_vendor_is_taken_even_where_another_needs_it(
    tmp_path: Path, wheels: Path
) -> None:
    for name in ("azureml-core", "azureml-not-known-yet"):
        write_wheel(wheels, name, "9.0")
    write_wheel(wheels, "plugin", "1.0", ["azureml-core>=1", "azureml-not-known-yet", "thing"])

    assert {"plugin": "1.0", "thing": "3.0"} == lock(tmp_path, wheels, "plugin").versions


def test_an_old_runtime_gets_the_numpy_it_was_compiled_for(tmp_path: Path, wheels: Path) -> None:
    for version in ("1.26.4", "2.1.0"):
        write_wheel(wheels, "numpy", version)
    for version in ("1.17.1", "1.19.0"):
        write_wheel(wheels, "onnxruntime", version, ["numpy>=1.21"])
    old = lock(tmp_path, wheels, "onnxruntime<1.19")

    assert {"onnxruntime": "1.17.1", "numpy": "1.26.4"} == old.versions
    assert ("ONNX Runtime before 1.19 was compiled for NumPy 1: numpy<2 is taken",) == (
        old.specification.notices
    )
    assert "2.1.0" == lock(tmp_path, wheels, "onnxruntime").versions["numpy"]


def test_an_old_runtime_with_a_numpy_that_it_cannot_use_is_warned_of(
    tmp_path: Path, wheels: Path
) -> None:
    write_wheel(wheels, "numpy", "2.1.0")
    write_wheel(wheels, "onnxruntime", "1.17.1", ["numpy>=1.21"])
    locked = lock(tmp_path, wheels, "onnxruntime", "numpy>=2")

    assert "2.1.0" == locked.versions["numpy"]
    assert "it will fail at import" in locked.specification.notices[0]


def test_only_hashes_that_the_file_allows_are_kept(tmp_path: Path, wheels: Path) -> None:
    text = lock(tmp_path, wheels, "thing==2.0").text
    digest = text.partition("--hash=")[2].strip()
    other = "sha256:" + "0" * 64
    pinned = lock(tmp_path, wheels, f"thing==2.0 --hash={other} --hash={digest}")

    assert text == pinned.text
    with pytest.raises(HashMismatch, match=r"thing==2\.0"):
        lock(tmp_path, wheels, f"thing==2.0 --hash={other}")


def test_a_wheel_of_the_user_is_locked_by_its_bytes(tmp_path: Path, wheels: Path) -> None:
    locked = lock(tmp_path, wheels, "./wheels/thing-1.0-py3-none-any.whl")

    assert locked.text.startswith(f"thing @ {wheels.as_uri()}/thing-1.0-py3-none-any.whl")
    assert "--hash=sha256:" in locked.text


def test_variables_in_options_are_filled_in_by_uv(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_WHEELS", str(wheels))
    path = tmp_path / "requirements.txt"
    path.write_text("--no-index\n--find-links=file://${MY_WHEELS}\nthing\n")
    specification = read_specification(path)

    assert "--find-links=file://${MY_WHEELS}" in specification.options
    assert {"thing": "3.0"} == EnvironmentStore(tmp_path).lock(specification).versions


def test_a_name_that_does_not_exist_is_named(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(PackageNotFound, match=r"'scikit-lern'.*scikit-learn") as caught:
        lock(tmp_path, wheels, "scikit-lern")
    assert "ONNXPORT_CONDA_NAMES" in caught.value.remedy


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [("thing==9", "thing==3.0"), ("thing>2.0,<3", "thing==2.0"), ("thing<1", "thing==1.0")],
)
def test_a_version_that_does_not_exist_is_answered_with_the_nearest(
    tmp_path: Path, wheels: Path, wanted: str, nearest: str
) -> None:
    with pytest.raises(VersionNotAvailable) as caught:
        lock(tmp_path, wheels, wanted)
    assert nearest in caught.value.message


def test_requirements_that_exclude_one_another_are_named(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(RequirementsConflict, match=r"needs-old-thing.*thing<2"):
        lock(tmp_path, wheels, "needs-old-thing", "thing>=2")


def test_a_python_that_a_person_names_must_be_one(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(PythonUnsupported):
        lock(tmp_path, wheels, "thing", python="2.7")
