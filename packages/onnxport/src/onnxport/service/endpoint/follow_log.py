"""Following a log file that grows and is replaced by a fresh one when it has grown large."""

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_POLL_S = 0.1


def follow(path: Path, lines: int) -> Iterator[str]:
    """The last `lines` lines, then every further line as it is written; ends when the caller stops asking."""
    while not path.exists():
        time.sleep(_POLL_S)
    file: BinaryIO = path.open("rb")
    try:
        yield from _last(file, lines)
        rest = b""
        while True:
            chunk = file.read()
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
            if not chunk:
                time.sleep(_POLL_S)
                before, file = file, _reopened(file, path)
                if rest and file is not before:
                    yield rest.decode("utf-8", "replace")
                    rest = b""
    finally:
        file.close()


def _last(file: BinaryIO, lines: int) -> list[str]:
    """The last lines; the file stands after them."""
    found = file.read().split(b"\n")
    file.seek(-len(found[-1]), io.SEEK_CUR)  # an unfinished line is read again when it is whole
    return [line.decode("utf-8", "replace") for line in found[:-1][-lines:]] if lines > 0 else []


def _reopened(file: BinaryIO, path: Path) -> BinaryIO:
    """The file, started over where it was cut, or opened anew where another one has its name."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return file
    here = os.fstat(file.fileno())
    if not os.path.samestat(there, here):
        file.close()
        return path.open("rb")
    if there.st_size < file.tell():
        file.seek(0)
    return file
