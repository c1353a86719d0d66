"""The CatBoost converter tells its files by what is in them, and survives what only looks like them."""

import json
from pathlib import Path

import pytest
from fake.pickled import pickled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.catboost import CONVERTER

BINARY = b"CBM1\x20\x1b\x00\x00"
DOCUMENT = {"features_info": {"float_features": []}, "model_info": {}, "oblivious_trees": []}


def kind_of(path: Path, content: bytes) -> str | None:
    path.write_bytes(content)
    found = CONVERTER.recognise(path)
    return None if found is None else found.kind.name


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (BINARY, "cbm"),
        (json.dumps(DOCUMENT).encode(), "json"),
        (json.dumps({"ctr_data": {"a": {}}, **DOCUMENT}, indent=1).encode(), "json"),
        (json.dumps({"ctr_data": {'{"identifier":[': "x" * 100_000}, **DOCUMENT}).encode(), "json"),
        (json.dumps({"features_info": {"cat_features_hash": []}}).encode(), "json"),
        (pickled("catboost.core", "CatBoostClassifier"), "pickle"),
    ],
    ids=["binary", "json", "statistics-first", "long-statistics", "categories-first", "pickle"],
)
def test_a_model_is_known_whatever_its_name(tmp_path: Path, content: bytes, kind: str) -> None:
    assert kind == kind_of(tmp_path / "model.txt", content)


@pytest.mark.parametrize(
    "content",
    [
        b"CBM",
        b'{"features_info": 1}',
        b'{"learner": {"attributes": {}}}',
        b'{"ctr_data":' + b" " * 200_000 + b'"features_info"',
        pickled("sklearn.pipeline", "Pipeline", "catboost.core\nCatBoost"),
    ],
    ids=["short", "number", "xgboost", "long", "pipeline"],
)
def test_other_files_are_not_its_own(tmp_path: Path, content: bytes) -> None:
    assert kind_of(tmp_path / "model.cbm", content) is None


def test_a_folder_is_not_its_own(tmp_path: Path) -> None:
    assert CONVERTER.recognise(tmp_path) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    start=st.sampled_from([b"", BINARY, b'{"features_info":{', b'{"ctr_data":{', b"\x80\x04"]),
    cut=st.integers(0, 40),
    rest=st.binary(max_size=200),
)
def test_whatever_follows_a_beginning_is_survived(
    tmp_path: Path, start: bytes, cut: int, rest: bytes
) -> None:
    assert kind_of(tmp_path / "any", start[:cut] + rest) in {None, "cbm", "json"}
