"""What every blob store must do. A new store is tested here from its first day; it needs a URL for an empty place in `url_of`."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.registry.blobs.find import StoreNotFound, open_store, store_modules
from onnxport.registry.blobs.interface import (
    Blob,
    BlobDamaged,
    BlobMissing,
    SourceUnreadable,
    StoreUnavailable,
)

MODULES = {module.NAME: module for module in store_modules()}


def url_of(module, directory: Path) -> str:
    return {"local": directory.as_uri()}[module.NAME]


@pytest.fixture(params=sorted(MODULES))
def store(request, tmp_path):
    module = MODULES[request.param]
    return open_store(url_of(module, tmp_path / "the store ü%20?#"))


def source(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "source"
    path.write_bytes(content)
    return path


def blob_of(content: bytes) -> Blob:
    return Blob(hashlib.sha256(content).hexdigest(), len(content))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_store_says_what_it_is(name):
    """Its file is named after it, and it can be found by each of its schemes."""
    module = MODULES[name]

    assert name == module.__name__.rpartition(".")[2]
    assert module.TITLE
    assert module.SCHEMES


def test_an_unknown_scheme_is_refused_with_the_known_ones():
    with pytest.raises(StoreNotFound, match="file"):
        open_store("gopher://x/y")


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20 + 5])
def test_what_is_put_comes_back(store, tmp_path, size):
    content = os.urandom(size)

    blob = store.put(source(tmp_path, content))
    store.place(blob, tmp_path / "back")

    assert blob_of(content) == blob
    assert content == (tmp_path / "back").read_bytes()


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(contents=st.lists(st.binary(max_size=300), max_size=5))
def test_any_bytes_come_back(store, tmp_path, contents):
    blobs = [store.put(source(tmp_path, content)) for content in contents]

    for content, blob in zip(contents, blobs, strict=True):
        (tmp_path / "back").unlink(missing_ok=True)
        store.place(blob, tmp_path / "back")
        assert content == (tmp_path / "back").read_bytes()


def test_the_same_bytes_are_stored_once(store, tmp_path):
    store.put(source(tmp_path, b"twice"))
    store.put(source(tmp_path, b"twice"))

    swept = store.sweep(frozenset)

    assert (1, 5, 0) == (swept.blobs, swept.size, swept.leftovers)


def test_a_later_change_of_the_source_does_not_reach_the_store(store, tmp_path):
    path = source(tmp_path, b"before")
    blob = store.put(path)

    with path.open("r+b") as file:
        file.write(b"AFTER!")

    store.check(blob)
    assert 1 == path.stat().st_nlink


def test_a_placed_copy_belongs_to_its_owner(store, tmp_path):
    """It can be written to, and writing to it does not reach the store."""
    blob = store.put(source(tmp_path, b"mine"))
    store.place(blob, tmp_path / "copy")

    (tmp_path / "copy").write_bytes(b"changed")

    store.check(blob)


def test_a_link_has_the_bytes_and_cannot_be_written(store, tmp_path):
    blob = store.put(source(tmp_path, b"shared"))

    store.place(blob, tmp_path / "link", link=True)

    assert b"shared" == (tmp_path / "link").read_bytes()
    assert 0 == (tmp_path / "link").stat().st_mode & 0o222


@pytest.mark.parametrize("link", [False, True], ids=["copy", "link"])
def test_nothing_is_overwritten(store, tmp_path, link):
    blob = store.put(source(tmp_path, b"new"))
    (tmp_path / "there").write_bytes(b"old")

    with pytest.raises(StoreUnavailable):
        store.place(blob, tmp_path / "there", link=link)

    assert b"old" == (tmp_path / "there").read_bytes()


@pytest.mark.parametrize("link", [False, True], ids=["copy", "link"])
def test_a_missing_blob_is_named(store, tmp_path, link):
    missing = blob_of(b"never put")

    with pytest.raises(BlobMissing, match=missing.sha256):
        store.place(missing, tmp_path / "back", link=link)
    with pytest.raises(BlobMissing, match=missing.sha256):
        store.check(missing)

    assert not (tmp_path / "back").exists()


def test_a_source_that_is_not_there_is_the_callers_mistake(store, tmp_path):
    with pytest.raises(SourceUnreadable, match="No such file"):
        store.put(tmp_path / "nothing")


def test_a_source_that_is_a_folder_is_the_callers_mistake(store, tmp_path):
    with pytest.raises(SourceUnreadable, match="directory"):
        store.put(tmp_path)


def test_a_sweep_keeps_what_is_named(store, tmp_path):
    kept, gone = (store.put(source(tmp_path, content)) for content in (b"kept", b"gone!"))

    swept = store.sweep(lambda: {kept.sha256})

    assert (1, 5) == (swept.blobs, swept.size)
    store.check(kept)
    with pytest.raises(BlobMissing):
        store.check(gone)


def test_a_swept_blob_can_be_put_again(store, tmp_path):
    store.put(source(tmp_path, b"again"))
    store.sweep(frozenset)

    store.check(store.put(source(tmp_path, b"again")))


def test_a_link_outlives_a_sweep(store, tmp_path):
    blob = store.put(source(tmp_path, b"in a bundle"))
    store.place(blob, tmp_path / "link", link=True)

    store.sweep(frozenset)

    assert b"in a bundle" == (tmp_path / "link").read_bytes()


def test_many_may_use_a_store_at_once(store, tmp_path):
    with store.using(), store.using():
        blob = store.put(source(tmp_path, b"x"))

    store.check(blob)


def _stored_files(directory: Path) -> list[Path]:
    return [path for path in directory.glob("sha256/*/*") if path.is_file()]


def test_the_local_store_keeps_read_only_files_under_their_hash(tmp_path):
    store = open_store((tmp_path / "blobs").as_uri())
    blob = store.put(source(tmp_path, b"x"))

    [file] = _stored_files(tmp_path / "blobs")

    assert (
        f"sha256/{blob.sha256[:2]}/{blob.sha256[2:]}"
        == file.relative_to(tmp_path / "blobs").as_posix()
    )
    assert 0o444 == file.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "damage", [b"Xeights", b"short", b"much longer"], ids=["bits", "cut", "grown"]
)
def test_the_local_store_finds_damage(tmp_path, damage):
    """A copy is checked on the way out, and nothing is left of it."""
    store = open_store((tmp_path / "blobs").as_uri())
    blob = store.put(source(tmp_path, b"weights"))
    [file] = _stored_files(tmp_path / "blobs")
    file.chmod(0o644)
    file.write_bytes(damage)

    with pytest.raises(BlobDamaged, match=blob.sha256):
        store.check(blob)
    with pytest.raises(BlobDamaged, match=blob.sha256):
        store.place(blob, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_the_local_store_sweeps_what_a_killed_writer_left(tmp_path):
    store = open_store((tmp_path / "blobs").as_uri())
    blob = store.put(source(tmp_path, b"x"))
    (tmp_path / "blobs" / "partial" / "left").write_bytes(b"half a model")

    swept = store.sweep(lambda: {blob.sha256})

    assert (0, 1) == (swept.blobs, swept.leftovers)
    assert [] == list((tmp_path / "blobs" / "partial").iterdir())
