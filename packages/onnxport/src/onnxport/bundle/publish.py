"""How a bundle gets to its place: made beside it, flushed to the disk, then renamed. What killed builds leave behind is removed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BUILDING = ".building-"


@contextmanager
def building_directory(store: Path) -> Iterator[Path]:
    """A locked temporary folder beside the bundles of `store`, gone afterwards unless it was published."""
    store.mkdir(parents=True, exist_ok=True)
    with _locked(store):  # nobody looks between the making and the locking
        _remove_unlocked(store)
        building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=store))
        descriptor = os.open(building, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        building.chmod(0o755)
        yield building
    finally:
        os.close(descriptor)
        shutil.rmtree(building, ignore_errors=True)


def publish(building: Path, directory: Path) -> None:
    """Move a whole bundle to its place, unless another build of the same digest came first."""
    _flush(building)
    try:
        building.rename(directory)
    except OSError:
        if not directory.exists():
            raise
    _flush_one(directory.parent)


def remove_unfinished(store: Path) -> int:
    """Remove what killed builds left behind; returns how many. Builds that are running are let be."""
    with _locked(store):
        return _remove_unlocked(store)


def _remove_unlocked(store: Path) -> int:
    removed = 0
    for directory in store.glob(_BUILDING + "*"):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory)
            removed += 1
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
    return removed


@contextmanager
def _locked(store: Path) -> Iterator[None]:
    descriptor = os.open(store, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _flush(building: Path) -> None:
    """Every file and every folder to the disk, so that the rename cannot outlive its content."""
    for path in [building, *building.rglob("*")]:
        _flush_one(path)


def _flush_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
