"""Following pickles: what they would import is named, nothing is run, no input makes it fail or hang."""

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.isolation import pickle_scan
from onnxport.converter.isolation.pickle_scan import (
    PickleScan,
    scan_pickle,
    scan_pickle_stream,
)


class Writes:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (self.path, "ran")


def scan(tmp_path: Path, body: bytes) -> PickleScan | None:
    path = tmp_path / "model.pkl"
    path.write_bytes(body)
    # Two files can follow each other faster than the clock of the file system ticks.
    pickle_scan._scan_file.cache_clear()
    return scan_pickle(path)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
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


def test_a_pickle_in_an_archive_is_followed_as_one_in_a_file(tmp_path: Path) -> None:
    body = pickle.dumps([OrderedDict(a=1), Writes(tmp_path / "made")], 2)
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", body)
    with zipfile.ZipFile(path) as archive, archive.open("archive/data.pkl") as member:
        found = scan_pickle_stream(member)

    assert scan(tmp_path, body) == found


def test_pickles_one_after_another_are_followed_one_at_a_time() -> None:
    stream = io.BytesIO(pickle.dumps(OrderedDict(a=1), 2) + pickle.dumps([1], 4) + b"rest")
    roots = [scan_pickle_stream(stream).root, scan_pickle_stream(stream).root]

    assert (["collections.OrderedDict", "builtins.list"], b"rest") == (roots, stream.read())


@pytest.mark.parametrize(
    "text",
    [b"chapter one\nof a book\n", b"(a)\n", b"[1, 2]", b"{}", b"libsvm\n", b"c\n\n", b"(", b"]"],
)
def test_text_is_not_taken_for_an_old_pickle(tmp_path: Path, text: bytes) -> None:
    assert scan(tmp_path, text) is None


def test_long_values_are_passed_over(tmp_path: Path) -> None:
    body = pickle.dumps([b"x" * 500_000, "y" * 500_000, bytearray(500_000), OrderedDict(a=1)], 5)
    found = scan(tmp_path, body)

    assert found is not None
    assert (True, ("collections.OrderedDict",)) == (found.complete, found.imports)


@pytest.mark.parametrize(
    ("name", "most", "body"),
    [
        ("_MOST_INSTRUCTIONS", 1000, b"]" * 2000),
        ("_LONGEST_SCAN", 1000, b"K\x01" * 2000),
        ("_MOST_IMPORTS", 10, b"".join(b"cm\na%d\n" % n for n in range(20))),
        ("_LONGEST_FRAME", 1000, b"\x95" + (2000).to_bytes(8, "little") + b"]" * 2000),
        ("_LONGEST_UNPACKED", 10_000, b"B" + (20_000).to_bytes(4, "little") + bytes(20_000)),
    ],
)
def test_what_is_followed_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int, body: bytes
) -> None:
    whole = gzip.compress(b"\x80\x04" + body + b"]" * (name != "_MOST_INSTRUCTIONS") + b".")
    before = scan(tmp_path, whole)
    monkeypatch.setattr(pickle_scan, name, most)
    after = scan(tmp_path, whole)

    assert before is not None
    assert after is not None
    assert (True, False) == (before.complete, after.complete)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tail=st.binary(max_size=300))
def test_any_bytes_are_followed_without_failing(tmp_path: Path, tail: bytes) -> None:
    found = scan(tmp_path, b"\x80\x04" + tail)

    assert found is not None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    protocol=st.integers(0, 5),
    place=st.integers(0, 200),
    put=st.binary(max_size=4),
    length=st.integers(0, 200),
)
def test_damaged_pickles_of_any_protocol_are_followed_without_failing(
    tmp_path: Path, protocol: int, place: int, put: bytes, length: int
) -> None:
    whole = pickle.dumps([OrderedDict(a=1), {"b": (1.5, b"x", {1, 2})}, 10**30], protocol)
    scan(tmp_path, (whole[:place] + put + whole[place + len(put) :])[: length or None])
