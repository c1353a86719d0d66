"""The folder of a job: its size, its removal whatever is in it, and the folders of an onnxport that was killed."""

import errno
import fcntl
import os
import tempfile
from pathlib import Path

import pytest
from onnxport.converter.isolation.folder import job_folder, remove_tree, size_of


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_it_is_empty_closed_to_others_and_gone_afterwards(temporary: Path) -> None:
    with job_folder() as folder:
        assert [] == list(folder.iterdir())
        assert 0o700 == folder.stat().st_mode & 0o777
        (folder / "file").write_text("x")

    assert [] == list(temporary.iterdir())


def test_folders_that_nobody_holds_are_removed_and_held_ones_are_not(temporary: Path) -> None:
    abandoned = temporary / "onnxport-locked-job-abandoned"
    held = temporary / "onnxport-locked-job-held"
    other = temporary / "somebody-else"
    unlocked = temporary / "onnxport-convert-of-an-older-version"
    for folder in (abandoned, held, other, unlocked):
        (folder / "job").mkdir(parents=True)
    lock = os.open(held, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with job_folder() as first, job_folder() as second:
        found = set(temporary.iterdir())
    os.close(lock)

    assert {held, other, unlocked, first.parent, second.parent} == found


def test_where_there_are_no_locks_folders_are_made_and_none_is_removed(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    other = temporary / "onnxport-locked-job-other"
    other.mkdir()
    with job_folder() as folder:
        assert {other, folder.parent} == set(temporary.iterdir())

    assert [other] == list(temporary.iterdir())


def test_a_link_in_the_place_of_an_abandoned_folder_is_not_followed(
    temporary: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (temporary / "onnxport-locked-job-link").symlink_to(outside)
    with job_folder():
        pass

    assert (outside / "file").exists()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "link").symlink_to(outside)
    (folder / "inner" / "link").symlink_to(outside)
    remove_tree(folder)

    assert ["file"] == [path.name for path in outside.iterdir()]
    assert not folder.exists()


def test_deep_and_closed_folders_with_names_like_its_own_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in (".0", ".1", "a"):
        (folder / name).mkdir()
        (folder / name / ".0").mkdir()
        (folder / name / ".0" / "file").write_text("x")
    here = os.open(folder, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("deep", dir_fd=here)
        inner = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.fchmod(here, 0)
    os.close(here)
    (folder / "a").chmod(0)
    remove_tree(folder)

    assert not folder.exists()


def test_the_size_counts_what_is_on_disk_and_stops_when_it_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("inner")
    os.truncate(tmp_path / "inner" / "file", 1 << 40)

    assert 100_000 <= size_of(tmp_path, 1 << 30) < 1 << 20
    assert size_of(tmp_path, 10) > 10
