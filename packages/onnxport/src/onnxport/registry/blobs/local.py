"""The blob store on a local disk: `sha256/ab/cdef...`, one read-only file per blob.

A blob is written in `partial/` and renamed when it is whole, so that a name in `sha256/` is always a whole blob.
Writers share a lock that a sweep holds alone; whatever lies in `partial/` then belongs to nobody.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from onnxport.registry.blobs._copying import (
    WriteFailed,
    copy_and_hash,
    flush_directory,
    hash_file,
)
from onnxport.registry.blobs.interface import (
    Blob,
    BlobDamaged,
    BlobMissing,
    BlobStore,
    SourceUnreadable,
    StoreFull,
    StoreUnavailable,
    Swept,
)
from onnxport.registry.locks import exclusive, shared

NAME = "local"
TITLE = "Files on a local disk"
EXTRA = None
SCHEMES = ("file",)

_READ_ONLY = 0o444


def create(url: str) -> BlobStore:
    """The store in the directory that a `file://` URL names."""
    return LocalBlobStore(Path(unquote(urlsplit(url).path)))


class LocalBlobStore(BlobStore):
    """Blobs as files under one directory, made when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._blobs = directory / "sha256"
        self._partial = directory / "partial"

    def put(self, source: Path) -> Blob:
        """Copy by sharing blocks where the file system can (reflink), else through two buffers."""
        with self.using(), _open_source(source) as descriptor, self._partial_file() as partial:
            path, destination = partial
            try:
                self._check_room(os.fstat(descriptor).st_size)
                blob = Blob(*copy_and_hash(descriptor, destination))
                os.fchmod(destination, _READ_ONLY)
            except WriteFailed as error:
                raise _store_error(self._directory, error) from error
            except OSError as error:
                raise SourceUnreadable(source, os.strerror(error.errno or 0)) from error
            self._publish(path, blob)
        return blob

    def place(self, blob: Blob, destination: Path, *, link: bool = False) -> None:
        """Link or copy a blob."""
        with self.using(), self._open(blob) as descriptor:
            if link and _link(self._path(blob.sha256), destination):
                return
            self._copy_out(blob, descriptor, destination)

    def check(self, blob: Blob) -> None:
        """Read all bytes of a blob."""
        with self._open(blob) as descriptor:
            self._compare(blob, *hash_file(descriptor))

    def sweep(self, keep: Callable[[], Collection[str]]) -> Swept:
        """Look at every file of the store."""
        with _unavailable(self._directory), exclusive(self._lock()):
            kept = keep()
            sizes = [
                _remove(path)
                for path in self._blobs.glob("??/*")
                if path.parent.name + path.name not in kept
            ]
            leftovers = [_remove(path) for path in self._partial.glob("*")]
        return Swept(len(sizes), sum(sizes), len(leftovers))

    def using(self) -> AbstractContextManager[None]:
        """Share the lock of the store."""
        return shared(self._lock())

    def _lock(self) -> Path:
        """The lock's file, made with the store's directory when missing."""
        lock = self._directory / "lock"
        with _unavailable(self._directory):
            if not lock.exists():
                self._directory.mkdir(parents=True, exist_ok=True)
                lock.touch()
        return lock

    def _path(self, sha256: str) -> Path:
        return self._blobs / sha256[:2] / sha256[2:]

    @contextmanager
    def _partial_file(self) -> Iterator[tuple[Path, int]]:
        """A new file to write to; it is gone afterwards unless it was renamed."""
        path = self._partial / secrets.token_hex(16)
        try:
            self._partial.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _store_error(self._directory, WriteFailed(error)) from error
        try:
            yield path, descriptor
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self._directory).free
        if needed > free:
            raise StoreFull(self._directory, needed, free)

    def _publish(self, partial: Path, blob: Blob) -> None:
        path = self._path(blob.sha256)
        try:
            if path.exists() and path.stat().st_size == blob.size:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.rename(path)
            for directory in (path.parent, self._blobs, self._directory):
                flush_directory(directory)
        except OSError as error:
            raise _store_error(self._directory, WriteFailed(error)) from error

    @contextmanager
    def _open(self, blob: Blob) -> Iterator[int]:
        path = self._path(blob.sha256)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BlobMissing(blob.sha256, str(path)) from None
        except OSError as error:
            raise StoreUnavailable(path, os.strerror(error.errno or 0)) from error
        try:
            if os.fstat(descriptor).st_size != blob.size:
                raise BlobDamaged(blob.sha256, str(path))
            yield descriptor
        finally:
            os.close(descriptor)

    def _copy_out(self, blob: Blob, source: int, destination: Path) -> None:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            target = os.open(destination, flags, 0o644)
        except OSError as error:
            raise _store_error(destination.parent, WriteFailed(error)) from error
        try:
            self._compare(blob, *copy_and_hash(source, target))
        except BaseException as error:
            destination.unlink(missing_ok=True)
            if isinstance(error, WriteFailed):
                raise _store_error(destination.parent, error) from error
            raise
        finally:
            os.close(target)

    def _compare(self, blob: Blob, sha256: str, size: int) -> None:
        if Blob(sha256, size) != blob:
            raise BlobDamaged(blob.sha256, str(self._path(blob.sha256)))


@contextmanager
def _open_source(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceUnreadable(path, os.strerror(error.errno or 0)) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _unavailable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _store_error(directory, WriteFailed(error)) from error


def _link(path: Path, destination: Path) -> bool:
    """Share the file under another name; whether that worked (another file system, too many links)."""
    try:
        os.link(path, destination)
    except FileExistsError as error:
        raise _store_error(destination.parent, WriteFailed(error)) from error
    except OSError:
        return False
    return True


def _remove(path: Path) -> int:
    size = path.stat().st_size
    path.unlink()
    return size


def _store_error(directory: Path, failure: WriteFailed) -> StoreFull | StoreUnavailable:
    if failure.no_room:
        return StoreFull(directory)
    return StoreUnavailable(directory, os.strerror(failure.error.errno or 0))
