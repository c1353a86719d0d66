"""Copying a file while hashing it: one pass over the source, the hash on a second thread.

A gigabyte takes about as long as copying alone: SHA-256 and the copy each keep one core busy, and two buffers travel between them.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

_BUFFER = 1024 * 1024
_FICLONE = 0x40049409
"""`ioctl` that makes one file share another's blocks until either changes. Source: linux/fs.h."""


class WriteFailed(Exception):
    """Writing failed, as opposed to reading; the cause is the `OSError`."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error

    @property
    def no_room(self) -> bool:
        """Whether the disk, a quota or the largest file size is exhausted."""
        return self.error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def copy_and_hash(source: int, destination: int) -> tuple[str, int]:
    """Copy an open file into an empty one and return SHA-256 (hex) and size of what is there now, flushed to the disk.

    Raises:
        WriteFailed: the destination cannot take it.
        OSError: the source cannot be read.
    """
    if clone(source, destination):
        # The source may change from now on, the clone does not: so the clone is hashed.
        digest, size = hash_file(destination)
    else:
        digest, size = _copy_through_buffers(source, destination)
    with _writing():
        os.fsync(destination)
    return digest, size


def clone(source: int, destination: int) -> bool:
    """Share the source's blocks where the file system can do that; whether it did."""
    try:
        fcntl.ioctl(destination, _FICLONE, source)
    except OSError:
        return False
    return True


def hash_file(descriptor: int) -> tuple[str, int]:
    """SHA-256 (hex) and size of an open file."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(descriptor):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _copy_through_buffers(source: int, destination: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with ThreadPoolExecutor(max_workers=1) as hasher:
        hashing: Future[None] | None = None
        for chunk in _chunks(source):
            if hashing is not None:
                hashing.result()
            # The other buffer is filled while this one is hashed.
            hashing = hasher.submit(digest.update, chunk)
            _write_all(destination, chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _chunks(descriptor: int) -> Iterator[memoryview]:
    """The file in pieces, in two buffers by turns: a piece is valid until the next but one is asked for."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    os.lseek(descriptor, 0, os.SEEK_SET)
    buffers = [memoryview(bytearray(_BUFFER)) for _ in range(2)]
    turn = 0
    while count := os.readv(descriptor, [buffers[turn]]):
        yield buffers[turn][:count]
        turn = 1 - turn


def _write_all(descriptor: int, chunk: memoryview) -> None:
    with _writing():
        while chunk:
            chunk = chunk[os.write(descriptor, chunk) :]


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteFailed(error) from error


def flush_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
