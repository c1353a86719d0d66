"""Replacing a file as a whole: written beside, flushed, renamed. A reader sees the old content or the new, also after a crash."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, body: bytes, mode: int = 0o644) -> None:
    """Replace or create `path`; raises `OSError` and leaves the old content where that fails."""
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(beside).rename(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    flush_directory(path.parent)


def flush_directory(path: Path) -> None:
    """Make renames and removals in a directory last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
