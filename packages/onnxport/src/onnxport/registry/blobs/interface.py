"""The interface of blob stores.

A store keeps bytes under their SHA-256: the same bytes once, whole or not at all, never changed. It knows nothing of models. A store's
file declares `NAME`, `TITLE`, `EXTRA` (what to install, or `None`), `SCHEMES` (of the URLs it answers to) and `create(url)`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from onnxport.errors import PlatformError, UserError


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes in a store: SHA-256 (hex) and size."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: blobs nobody named, their bytes, and left-overs of interrupted writes."""

    blobs: int
    size: int
    leftovers: int


class BlobStore(ABC):
    """Content-addressed bytes. Safe for many threads and processes at once."""

    @abstractmethod
    def put(self, source: Path) -> Blob:
        """Copy a file into the store, hashing what was copied; nothing is stored twice.

        Never shares storage with the file in a way that a later change of the file could reach. What is returned is durable. A caller
        that goes on to record the blob holds `using()` around both.

        Raises:
            SourceUnreadable: the file cannot be read.
            StoreFull: there is no room.
            StoreUnavailable: the store cannot be written.
        """

    @abstractmethod
    def place(self, blob: Blob, destination: Path, *, link: bool = False) -> None:
        """Put the bytes at `destination`, which must not exist; nothing is left there on failure.

        Args:
            blob: what to place.
            destination: a path in an existing directory.
            link: allow a read-only file that shares storage with the store, where the store can do that; its bytes are then trusted.
                Otherwise the file is the caller's own, and its bytes are checked on the way.

        Raises:
            BlobMissing, BlobDamaged: the bytes are not there, or not what their name says.
            StoreFull, StoreUnavailable: the destination cannot be written, or the store not be read.
        """

    @abstractmethod
    def check(self, blob: Blob) -> None:
        """Read the bytes and compare; raises `BlobMissing` or `BlobDamaged`."""

    @abstractmethod
    def sweep(self, keep: Callable[[], Collection[str]]) -> Swept:
        """Remove every blob whose SHA-256 is not in `keep()`, and what interrupted writes left behind.

        Waits until nobody is `using()` the store, and calls `keep` only then, so that it sees everything recorded before.
        """

    @abstractmethod
    def using(self) -> AbstractContextManager[None]:
        """No sweep happens while this is held; it is released when its process dies."""


class SourceUnreadable(UserError):
    """A file to be stored cannot be read."""

    code = "source_unreadable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}", "Check the path and its permissions.")


class StoreFull(PlatformError):
    """There is no room."""

    code = "store_full"

    def __init__(self, directory: Path, needed: int | None = None, free: int | None = None) -> None:
        figures = "" if needed is None else f": {needed:,} bytes are needed, {free:,} are free"
        super().__init__(
            f"there is no room left in {directory}{figures}",
            "Free some space there (`onnxport workspace gc` removes what no model needs), or choose a workspace on "
            "another disk with --workspace.",
        )


class StoreUnavailable(PlatformError):
    """A directory cannot be read or written."""

    code = "store_unavailable"

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"{directory} cannot be used: {reason}",
            "Check that it exists, that it is yours and that its disk is well.",
        )


class BlobMissing(PlatformError):
    """Bytes that a model needs are gone."""

    code = "blob_missing"

    def __init__(self, sha256: str, place: str) -> None:
        super().__init__(
            f"the bytes sha256:{sha256} are missing from {place}",
            "Restore them from a backup, or register the model again from its source file.",
        )


class BlobDamaged(PlatformError):
    """Stored bytes are not what their name says."""

    code = "blob_damaged"

    def __init__(self, sha256: str, place: str) -> None:
        super().__init__(
            f"the bytes stored as sha256:{sha256} in {place} are damaged: they hash to something else",
            "Delete the file there, then restore it from a backup or register the model again from its source file.",
        )
