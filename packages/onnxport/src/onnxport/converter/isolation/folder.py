"""The folder of one job: made for it, never larger than allowed, and removed, also when onnxport was killed meanwhile."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

# Not the name that folders had before they were locked: to this an unlocked folder is an abandoned one, whoever works in it.
_PREFIX = "onnxport-locked-job-"


@contextmanager
def job_folder() -> Iterator[Path]:
    """An empty folder for one child process, that only this user may enter; gone afterwards.

    Who works in it holds the lock of the folder around it. One whose lock nobody holds was left by an onnxport that was killed: it is
    removed on the way.
    """
    remove_abandoned()
    outer, lock = _make_held()
    try:
        inner = outer / "job"
        inner.mkdir(mode=0o700)
        yield inner
    finally:
        remove_tree(outer)
        os.close(lock)


def remove_abandoned() -> None:
    """Remove the folders of this user's jobs that nobody works in."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = _opened(path)
            try:
                if os.fstat(lock).st_uid == os.getuid() and _hold(lock):
                    remove_tree(path)
            finally:
                os.close(lock)


def size_of(folder: Path, most: int) -> int:
    """Bytes on disk of all in a folder; the count stops above `most`."""
    size, waiting = 0, [os.fspath(folder)]
    while waiting and size <= most:
        # What is being written comes and goes.
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
    return size


def remove_tree(folder: Path) -> None:
    """Remove a folder with all in it, whatever modes it has and however deep it is; links are removed, not followed.

    Folders are taken out of their folders until none holds another, so that no path grows long and nothing calls itself.
    """
    names = (folder / f".{number}" for number in count())
    while folders := _remove_files(folder):
        for inner in folders:
            for entry in _entries(inner):
                with suppress(OSError):
                    entry.rename(next(name for name in names if not os.path.lexists(name)))
            with suppress(OSError):
                inner.rmdir()
        if all(inner.exists() for inner in folders):
            break  # nothing can be done about these
    with suppress(OSError):
        folder.rmdir()


def _remove_files(folder: Path) -> list[Path]:
    """Remove what is no folder; return the folders."""
    folders = []
    for entry in _entries(folder):
        with suppress(OSError):
            if stat.S_ISDIR(entry.lstat().st_mode):
                folders.append(entry)
            else:
                entry.unlink()
    return folders


def _entries(folder: Path) -> list[Path]:
    with suppress(OSError):
        folder.chmod(0o700)
        return list(folder.iterdir())
    return []


def _make_held() -> tuple[Path, int]:
    while True:
        outer = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _opened(outer)
        # Between the two lines somebody who looks for abandoned ones may have taken it for one.
        try:
            ours = _hold(lock)
        except OSError:
            # A file system without locks: then nobody can take this for abandoned either.
            return outer, lock
        if ours and outer.exists():
            return outer, lock
        os.close(lock)


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _hold(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
