"""Directories that scripts run in: one for every front and revision, gone with the front.

They lie in `work/` of the endpoint's directory. The front holds a lock on each; what nobody holds was left by one that was killed, and is
removed by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FOLDER = "work"


class AppRoot:
    """An empty directory that is this process's own."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def make(cls, endpoint: Path, revision: int) -> AppRoot:
        """Make one for a revision; in the system's folder for temporary files where the endpoint's may not be written.

        Raises:
            OSError: there is no place for it.
        """
        folder = endpoint / _FOLDER
        try:
            folder.mkdir(exist_ok=True)
            with _turn(folder):  # nobody looks between the making and the locking
                _remove_abandoned(folder)
                return cls._make_in(folder, f"revision-{revision}-")
        except OSError:
            return cls._make_in(None, f"onnxport-{endpoint.name}-{revision}-")

    @classmethod
    def _make_in(cls, folder: Path | None, prefix: str) -> AppRoot:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        lock = os.open(path, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(path, lock)

    def remove(self) -> None:
        """Remove it with everything that the script has left there."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob("revision-*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)
