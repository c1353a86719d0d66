"""Writes the lines of all processes to standard error, and keeps a log file from growing without bound."""

import contextlib
import fcntl
import os
import stat
import sys
from pathlib import Path

LARGEST_LOG = 20 * 1024 * 1024
_CHECK_EVERY = 256 * 1024
_CHUNK = 1024 * 1024


class LogFile:
    """The one writer of the endpoint's log.

    A regular file that has grown beyond `largest` bytes is copied to `<name>.1` and emptied: whoever has it open, or follows it by
    name, keeps the right file.

    Args:
        descriptor: where lines go.
        largest: size in bytes from which a regular file is turned over.
    """

    def __init__(self, descriptor: int = 2, largest: int = LARGEST_LOG) -> None:
        self._descriptor = descriptor
        self._largest = largest
        self._check_every = min(_CHECK_EVERY, largest)
        self._unchecked = 0

    def write(self, lines: bytes) -> None:
        """Write whole lines; a closed terminal or full disk is no reason to stop serving."""
        self._unchecked += len(lines)
        with contextlib.suppress(OSError):
            while lines:
                lines = lines[os.write(self._descriptor, lines) :]
        if self._unchecked < self._check_every:
            return
        self._unchecked = 0
        with contextlib.suppress(OSError):
            self._turn_over()

    def _turn_over(self) -> None:
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size < self._largest:
            return
        path = _path_of(self._descriptor)
        if path is None or not path.exists():
            return
        with path.open("rb") as source, path.with_name(path.name + ".1").open("wb") as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
        os.ftruncate(self._descriptor, 0)
        if not fcntl.fcntl(self._descriptor, fcntl.F_GETFL) & os.O_APPEND:
            os.lseek(self._descriptor, 0, os.SEEK_SET)


def _path_of(descriptor: int) -> Path | None:
    if sys.platform == "darwin":
        name = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))
        return Path(os.fsdecode(name.rstrip(b"\0")))
    link = Path(f"/proc/self/fd/{descriptor}")
    return link.readlink() if link.is_symlink() else None
