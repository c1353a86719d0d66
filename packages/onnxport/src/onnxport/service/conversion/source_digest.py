"""The SHA-256 of a model as its framework saved it: a file, or a folder of files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

_READ_AT_ONCE = 1 << 20


def sha256_of(source: Path) -> str:
    """The SHA-256 of a file; of a folder, that over the paths and contents of its files in order."""
    digest = hashlib.sha256()
    for path in _files_of(source):
        if path != source:
            digest.update(f"{path.relative_to(source).as_posix()}\0".encode(errors="replace"))
        with path.open("rb") as file:
            while block := file.read(_READ_AT_ONCE):
                digest.update(block)
    return digest.hexdigest()


def _files_of(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    yield from sorted(path for path in source.rglob("*") if path.is_file())
