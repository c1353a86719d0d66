"""The scikit-learn converter tells its files by what is in them, and survives what only looks like them."""

import json
import pickle
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.sklearn import CONVERTER

LOGISTIC = {"__class__": "LogisticRegression", "__module__": "sklearn.linear_model._logistic"}


def zipped(path: Path, schema: str, name: str = "schema.json") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, schema)
    return path


def pickled(module: str, name: str, *rest: str) -> bytes:
    """A pickle of an object of a class that need not exist here, and of a list of further classes."""
    more = b"".join(f"c{entry}\n".encode() for entry in rest)
    return (
        b"\x80\x02"
        + f"c{module}\n{name}\n".encode()
        + b")\x81}(X\x01\x00\x00\x00a("
        + more
        + b"lub."
    )


def test_a_skops_file_is_known_whatever_its_name(tmp_path: Path) -> None:
    found = CONVERTER.recognise(zipped(tmp_path / "model.bin", json.dumps(LOGISTIC)))

    assert found is not None
    assert ("skops", False) == (found.kind.name, found.kind.runs_code)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (json.dumps({"__module__": "quantile_forest"}), "schema.json"),
        (json.dumps(LOGISTIC), "other.json"),
        ("[1]", "schema.json"),
        ("{", "schema.json"),
        ("[" * 100_000, "schema.json"),
        (" " * (65 << 20), "schema.json"),
    ],
    ids=["other-package", "no-schema", "list", "no-json", "deep", "bomb"],
)
def test_other_zip_files_are_not_its_own(tmp_path: Path, schema: str, name: str) -> None:
    assert CONVERTER.recognise(zipped(tmp_path / "model.skops", schema, name)) is None


def test_a_damaged_zip_is_not_its_own(tmp_path: Path) -> None:
    path = zipped(tmp_path / "model.skops", json.dumps(LOGISTIC))
    body = bytearray(path.read_bytes())
    body[40:60] = b"\xff" * 20
    path.write_bytes(body)

    assert CONVERTER.recognise(path) is None


def test_a_pickle_of_its_classes_is_its_own_and_what_else_it_imports_is_named(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickled("sklearn.svm._classes", "SVC", "numpy\ndtype", "posix\nsystem"))
    found = CONVERTER.recognise(path)

    assert found is not None
    assert found.finding is not None
    assert found.finding.complete
    assert ("pickle", ("posix.system",)) == (found.kind.name, found.finding.unexpected)


@pytest.mark.parametrize("name", ["eval", "exec", "getattr", "__import__", "compile"])
def test_builtins_that_run_code_are_unexpected(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickled("sklearn.svm._classes", "SVC", f"builtins\n{name}"))
    found = CONVERTER.recognise(path)

    assert found is not None
    assert found.finding is not None
    assert (f"builtins.{name}",) == found.finding.unexpected


def test_a_pickle_of_another_package_is_not_its_own(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickled("xgboost.sklearn", "XGBClassifier"))
    other = tmp_path / "plain.pkl"
    other.write_bytes(pickle.dumps({"a": 1}))

    assert CONVERTER.recognise(path) is None
    assert CONVERTER.recognise(other) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    start=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x04", b"\x1f\x8b", b"x\x9c"]),
    rest=st.binary(),
)
def test_any_bytes_are_looked_at_without_failing(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "model"
    path.write_bytes(start + rest)

    assert CONVERTER.recognise(path) is None or start == b"\x80\x04"
