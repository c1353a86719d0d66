"""The XGBoost converter tells its files by what is in them, and survives what only looks like them."""

import json
import struct
from pathlib import Path

import pytest
from fake.pickled import pickled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.xgboost import CONVERTER

DOCUMENT = {"learner": {"attributes": {}, "learner_model_param": {}}, "version": [3, 2, 0]}
UBJSON = b"{L" + struct.pack(">q", 7) + b"learner{L" + struct.pack(">q", 10) + b"attributes{}"
NAME = b"binary:logistic"
BINARY = bytes(136) + struct.pack("<Q", len(NAME)) + NAME + struct.pack("<Q", 6) + b"gbtree"


def kind_of(path: Path, content: bytes) -> str | None:
    path.write_bytes(content)
    found = CONVERTER.recognise(path)
    return None if found is None else found.kind.name


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (json.dumps(DOCUMENT).encode(), "json"),
        (json.dumps(DOCUMENT, indent=2).encode(), "json"),
        (b'{"version":[1,7,6],"learner":{"gradient_booster":{}}}', "json"),
        (UBJSON, "ubjson"),
        (BINARY, "binary"),
        (b"binf" + BINARY, "binary"),
        (pickled("xgboost.sklearn", "XGBClassifier"), "pickle"),
    ],
    ids=["json", "indented", "version-first", "ubjson", "old", "old-marked", "pickle"],
)
def test_a_model_is_known_whatever_its_name(tmp_path: Path, content: bytes, kind: str) -> None:
    assert kind == kind_of(tmp_path / "model.onnx", content)


@pytest.mark.parametrize(
    "content",
    [
        b'{"learner": 1}',
        b'{"learner": {"rate": 0.1}}',
        b'{"features_info": {}}',
        b"{L" + bytes(8),
        bytes(200),
        bytes(136) + struct.pack("<Q", 1 << 62) + NAME,
        pickled("sklearn.pipeline", "Pipeline", "xgboost.sklearn\nXGBClassifier"),
        b"[" * 100_000,
    ],
    ids=["number", "config", "catboost", "other-ubj", "zeros", "huge-length", "pipeline", "deep"],
)
def test_other_files_are_not_its_own(tmp_path: Path, content: bytes) -> None:
    assert kind_of(tmp_path / "model.json", content) is None


def test_a_folder_is_not_its_own(tmp_path: Path) -> None:
    assert CONVERTER.recognise(tmp_path) is None


def test_what_a_pickle_imports_beyond_its_framework_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickled("xgboost.core", "Booster", "os\nsystem"))
    found = CONVERTER.recognise(path)

    assert found is not None
    assert found.finding is not None
    assert ("os.system",) == found.finding.unexpected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    start=st.sampled_from([b"", b'{"learner":{', UBJSON, BINARY, b"\x80\x04"]),
    cut=st.integers(0, 200),
    rest=st.binary(max_size=200),
)
def test_whatever_follows_a_beginning_is_survived(
    tmp_path: Path, start: bytes, cut: int, rest: bytes
) -> None:
    assert kind_of(tmp_path / "any", start[:cut] + rest) in {None, "json", "ubjson", "binary"}
