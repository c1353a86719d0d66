"""Reading an archive that anybody may have made: plain files only, one after the other, nothing large in memory."""

import gzip
import tarfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Self, TypeVar, cast

from onnxport.bundle.interface import ArchiveRefused

_LARGEST_READ = 4 * 1024**2
_MOST_FOLDERS = 100_000
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)
_KINDS = {
    tarfile.SYMTYPE: "a link",
    tarfile.LNKTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
}
_NOT_AN_ARCHIVE = (
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    KeyError,
    IndexError,
    RecursionError,
    MemoryError,
)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Entry:
    """A plain file in an archive: its path as the archive says it, and its size in bytes."""

    path: str
    size: int


class ArchiveReader:
    """The plain files of a `.tar.gz`, in their order. Whatever is wrong with it is an `ArchiveRefused`.

    Args:
        path: the archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._closing = ExitStack()
        self._content: IO[bytes] | None = None
        self._folders = 0

    def __enter__(self) -> Self:
        try:
            self._tar = self._tried(self._open)
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def next(self) -> Entry | None:
        """The next file, folders passed over; `None` at the end."""
        while (member := self._tried(self._tar.next)) is not None:
            self._tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            if member.type not in _PLAIN or member.issparse():
                self._pass_over(member)
                continue
            if member.size < 0:
                raise ArchiveRefused(self.path, "it states a size below zero")
            self._content = self._tried(partial(self._tar.extractfile, member))
            return Entry(member.name.removeprefix("./"), member.size)
        return None

    def read(self, size: int) -> bytes:
        """That many bytes of the file that `next` gave last."""
        content = self._content
        assert content is not None
        chunk = self._tried(partial(content.read, size))
        if len(chunk) != size:
            raise ArchiveRefused(self.path, "it ends too early")
        return chunk

    def _open(self) -> tarfile.TarFile:
        file = self._closing.enter_context(self.path.open("rb"))
        unpacked = self._closing.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))
        # The format is a stream that may be read only once: no index is built, nothing is looked up.
        return tarfile.TarFile(fileobj=cast("IO[bytes]", _Bounded(unpacked)), mode="r")

    def _pass_over(self, member: tarfile.TarInfo) -> None:
        kind = _KINDS.get(member.type, "something else than a plain file")
        self._folders += 1
        if not member.isdir() or self._folders > _MOST_FOLDERS:
            what = "more folders than a bundle has" if member.isdir() else kind
            raise ArchiveRefused(self.path, f"it holds {what} ({member.name[:80]!r})")

    def _tried(self, act: Callable[[], _Result]) -> _Result:
        try:
            return act()
        except ArchiveRefused:
            raise
        except _NOT_AN_ARCHIVE as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ArchiveRefused(self.path, f"it cannot be read ({why[:200]})") from error


class _Bounded:
    """A stream whose headers cannot ask for a large piece at once: tarfile reads those into memory."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_READ:
            raise tarfile.ReadError("a header is too large")
        return self._stream.read(size)

    def seek(self, position: int) -> Any:
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()
