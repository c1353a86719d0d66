"""Following pickles: what they would import is named, nothing is run, no input makes it fail or hang."""

import bz2
import gzip
import lzma
import pickle
import zlib
from collections import OrderedDict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.isolation.pickle_scan import PickleScan, scan_pickle


class Writes:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (self.path, "ran")


def scan(tmp_path: Path, body: bytes) -> PickleScan | None:
    path = tmp_path / "model.pkl"
    path.write_bytes(body)
    return scan_pickle(path)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_imports_and_the_root_are_named_without_running(tmp_path: Path, protocol: int) -> None:
    made = tmp_path / "made"
    body = pickle.dumps([OrderedDict(a=1), Writes(made)], protocol)
    found = scan(tmp_path, body)

    assert found is not None
    assert (True, "builtins.list") == (found.complete, found.root)
    assert "collections.OrderedDict" in found.imports
    assert any(name.endswith("Path.write_text") or "getattr" in name for name in found.imports)
    assert not made.exists()


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, bz2.compress, lzma.compress, zlib.compress],
    ids=["gzip", "bz2", "xz", "zlib"],
)
def test_compressed_pickles_are_followed(tmp_path: Path, compress: object) -> None:
    found = scan(tmp_path, compress(pickle.dumps(OrderedDict(a=1))))  # type: ignore[operator]

    assert found is not None
    assert ("collections.OrderedDict", True) == (found.root, found.is_joblib)


def test_a_file_cut_short_is_incomplete(tmp_path: Path) -> None:
    found = scan(tmp_path, pickle.dumps(OrderedDict(a=1))[:-3])

    assert found is not None
    assert not found.complete


def test_text_that_objects_state_about_themselves_is_kept(tmp_path: Path) -> None:
    stated = OrderedDict()
    stated.__dict__["_sklearn_version"] = "1.2.3"
    found = scan(tmp_path, pickle.dumps(stated))

    assert found is not None
    assert "1.2.3" == found.attributes["_sklearn_version"]


def test_keys_that_take_for_ever_to_hash_are_not_hashed(tmp_path: Path) -> None:
    # Forty times "a pair of what was there twice": its hash would take 2 to the power of 40 steps.
    nest = b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(40))
    body = b"\x80\x02}K\x01" + nest + b"K\x00s."
    found = scan(tmp_path, body)

    assert found is not None
    assert found.complete


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tail=st.binary(max_size=300))
def test_any_bytes_are_followed_without_failing(tmp_path: Path, tail: bytes) -> None:
    found = scan(tmp_path, b"\x80\x04" + tail)

    assert found is not None
