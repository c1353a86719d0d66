"""The LightGBM converter tells its files by what is in them, and survives what only looks like them."""

from pathlib import Path

import pytest
from fake.pickled import pickled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.lightgbm import CONVERTER

TEXT = b"tree\nversion=v4\nnum_class=1\n"


def kind_of(path: Path, content: bytes) -> str | None:
    path.write_bytes(content)
    found = CONVERTER.recognise(path)
    return None if found is None else found.kind.name


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (TEXT, "text"),
        (TEXT.replace(b"\n", b"\r\n"), "text"),
        (pickled("lightgbm.sklearn", "LGBMClassifier"), "pickle"),
        (pickled("lightgbm.basic", "Booster"), "pickle"),
    ],
    ids=["text", "windows", "estimator", "booster"],
)
def test_a_model_is_known_whatever_its_name(tmp_path: Path, content: bytes, kind: str) -> None:
    assert kind == kind_of(tmp_path / "model.json", content)


@pytest.mark.parametrize(
    "content",
    [
        b"tree\n",
        b"tree\nversion=4",
        b"svm_type c_svc\n",
        b" " + TEXT,
        pickled("sklearn.pipeline", "Pipeline", "lightgbm.sklearn\nLGBMClassifier"),
        pickled("xgboost.sklearn", "XGBClassifier"),
    ],
    ids=["one-line", "no-version", "libsvm", "later", "pipeline", "xgboost"],
)
def test_other_files_are_not_its_own(tmp_path: Path, content: bytes) -> None:
    assert kind_of(tmp_path / "model.txt", content) is None


def test_a_folder_is_not_its_own(tmp_path: Path) -> None:
    assert CONVERTER.recognise(tmp_path) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    start=st.sampled_from([b"", TEXT, b"\x80\x04"]),
    cut=st.integers(0, 40),
    rest=st.binary(max_size=200),
)
def test_whatever_follows_a_beginning_is_survived(
    tmp_path: Path, start: bytes, cut: int, rest: bytes
) -> None:
    assert kind_of(tmp_path / "any", start[:cut] + rest) in {None, "text"}
