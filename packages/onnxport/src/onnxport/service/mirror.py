"""The download mirror as the SDK offers it: `Workspace.mirror`.

A file is copied to `files/DIGEST/NAME` in the mirror's folder before the document names it; what no entry names any more is removed after.
"""

import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from onnxport.mirror.entry import MirrorEntry, check_url, document_of, read_entries
from onnxport.mirror.errors import (
    DownloadFailed,
    MirrorDamaged,
    MirrorFileUnreadable,
    UrlNotMirrored,
)
from onnxport.mirror.hook.lookup import DOCUMENT, VARIABLE, digest_of, path_inside
from onnxport.registry.locks import exclusive
from onnxport.service.replace_file import flush_directory, replace_file

_FILES = "files"
_ANSWER_S = 60


@dataclass(frozen=True, slots=True)
class MirroredUrl:
    """A mirrored URL with what its file is now.

    Attributes:
        entry: the URL, its file and digest.
        path: the file.
        size: bytes of the file; `None` where it is gone.
        is_whole: whether its bytes are those that were added; `None` where they were not read.
    """

    entry: MirrorEntry
    path: Path
    size: int | None
    is_whole: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """The JSON form for programs."""
        return {
            "url": self.entry.url,
            "path": str(self.path),
            "sha256": self.entry.sha256,
            "bytes": self.size,
            "whole": self.is_whole,
        }


@dataclass(frozen=True)
class Mirror:
    """Files that stand for URLs. Many processes may use it at once.

    Args:
        folder: holds `mirror.json` and the files; made when something is added.
    """

    folder: Path
    _lock: Path = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lock", self.folder / ".lock")

    @classmethod
    def of_workspace(cls, root: Path) -> "Mirror":
        """The mirror in the folder that `ONNXPORT_MIRROR` names, else that of the workspace."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named).expanduser().absolute() if named else root / "mirror")

    def add(self, url: str, file: str | Path) -> MirroredUrl:
        """Copy a file into the mirror to stand for a URL; it takes the place of one that is there.

        Raises:
            UrlInvalid: the URL cannot be mirrored.
            MirrorFileUnreadable: the file cannot be read.
        """
        check_url(url)
        path = Path(file).expanduser()
        try:
            if not path.is_file():
                raise MirrorFileUnreadable(path, "there is no such file")
            with path.open("rb") as source:
                return self._take(url, source)
        except PermissionError as error:
            raise MirrorFileUnreadable(path, "permission denied") from error

    def download(self, url: str) -> MirroredUrl:
        """Download a URL into the mirror.

        Raises:
            UrlInvalid: the URL cannot be mirrored.
            DownloadFailed: it is not to be had.
        """
        check_url(url)
        try:
            with urllib.request.urlopen(url, timeout=_ANSWER_S) as answer:  # noqa: S310 - http or https
                return self._take(url, answer, answer.headers.get("Content-Length"))
        except urllib.error.URLError as error:
            raise DownloadFailed(url, str(error.reason)) from error
        except TimeoutError as error:
            raise DownloadFailed(url, "no answer in time") from error

    def list(self) -> Sequence[MirroredUrl]:
        """Every mirrored URL, sorted; raises `MirrorUnreadable`."""
        return [self._now(entry) for _, entry in sorted(read_entries(self.folder).items())]

    def verify(self) -> Sequence[MirroredUrl]:
        """Every mirrored URL, its file read and compared; raises `MirrorUnreadable`."""
        return [
            self._now(entry, read=True) for _, entry in sorted(read_entries(self.folder).items())
        ]

    def remove(self, url: str) -> MirrorEntry:
        """Remove a URL, and its file where no other URL has it; raises `UrlNotMirrored`."""
        if not self.folder.is_dir():
            raise UrlNotMirrored(url, [])
        with exclusive(self._lock):
            entries = read_entries(self.folder)
            gone = entries.pop(url, None)
            if gone is None:
                raise UrlNotMirrored(url, get_close_matches(url, entries, n=3, cutoff=0.7))
            replace_file(self.folder / DOCUMENT, document_of(entries.values()))
            self._forget(gone, entries)
        return gone

    def _take(self, url: str, source: BinaryIO, promised: str | None = None) -> MirroredUrl:
        with self._copy_beside(source) as (beside, sha256):
            size = beside.stat().st_size
            if promised is not None and promised != str(size):
                raise DownloadFailed(url, f"it broke off after {size} of {promised} bytes")
            name = f"{_FILES}/{sha256[:16]}/{_file_name(url)}"
            with exclusive(self._lock):
                entries = read_entries(self.folder)
                before = entries.get(url)
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                beside.rename(target)
                flush_directory(target.parent)
                entry = entries[url] = MirrorEntry(url, name, sha256)
                replace_file(self.folder / DOCUMENT, document_of(entries.values()))
                if before is not None:
                    self._forget(before, entries)
        return MirroredUrl(entry, target, size, is_whole=True)

    @contextmanager
    def _copy_beside(self, source: BinaryIO) -> Iterator[tuple[Path, str]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".adding.", dir=self.folder)
        beside = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                shutil.copyfileobj(source, file)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
                file.seek(0)
                sha256 = digest_of(file)
            yield beside, sha256
        finally:
            beside.unlink(missing_ok=True)

    def _forget(self, gone: MirrorEntry, entries: dict[str, MirrorEntry]) -> None:
        """Remove the file of an entry that is no more, if it is one of ours and no other has it."""
        path = self._path(gone)
        kept = {self._path(entry) for entry in entries.values()}
        if path in kept or not gone.file.startswith(f"{_FILES}/"):
            return
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()

    def _now(self, entry: MirrorEntry, *, read: bool = False) -> MirroredUrl:
        path = self._path(entry)
        try:
            size = path.stat().st_size
            if not read:
                return MirroredUrl(entry, path, size)
            with path.open("rb") as file:
                return MirroredUrl(entry, path, size, digest_of(file) == entry.sha256)
        except OSError:
            return MirroredUrl(entry, path, None, False if read else None)

    def _path(self, entry: MirrorEntry) -> Path:
        inside = path_inside(str(self.folder), entry.file)
        assert inside is not None  # held by `read_entries`
        return Path(inside)


def raise_if_damaged(urls: Sequence[MirroredUrl]) -> None:
    """Raise `MirrorDamaged` where a file that was read is not whole."""
    if damaged := [one.entry.url for one in urls if one.is_whole is False]:
        raise MirrorDamaged(damaged)


def _file_name(url: str) -> str:
    """A name for the file that a person recognises."""
    last = unquote(urlsplit(url).path.rpartition("/")[2])
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in last)
    return kept.lstrip(".")[-100:] or "file"
