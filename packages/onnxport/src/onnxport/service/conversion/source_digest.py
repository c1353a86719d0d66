"""The SHA-256 of a model as its framework saved it: a file, or a folder of files."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

_READ_AT_ONCE = 1 << 20
_OF_CHECKPOINT = re.compile(r"\.(meta|index|data-\d+-of-\d+)\Z")


def sha256_of(source: Path) -> str:
    """The SHA-256 of a file; of a folder, or a checkpoint in several files, that over the names and contents of its files in order."""
    digest = hashlib.sha256()
    folder = source if source.is_dir() else source.parent
    for path in files_of(source):
        if path != source:
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode(errors="replace"))
        with path.open("rb") as file:
            while block := file.read(_READ_AT_ONCE):
                digest.update(block)
    return digest.hexdigest()


def files_of(source: Path) -> Iterator[Path]:
    """The file, and the others of its checkpoint where it is a part of one; all files of a folder."""
    if source.is_file():
        yield source
        yield from _rest_of_checkpoint(source)
        return
    yield from sorted(path for path in source.rglob("*") if path.is_file())


def _rest_of_checkpoint(source: Path) -> Iterator[Path]:
    """The other files of a checkpoint of TensorFlow: the graph stays the same while the values are trained further."""
    begin = _OF_CHECKPOINT.sub("", source.name)
    if begin == source.name or not begin or not source.with_name(f"{begin}.index").is_file():
        return
    for path in sorted(source.parent.iterdir()):
        if path != source and path.is_file() and _OF_CHECKPOINT.sub("", path.name) == begin:
            yield path
