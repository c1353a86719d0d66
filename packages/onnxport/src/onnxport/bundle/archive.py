"""A bundle as one file: a tar archive under gzip, the same bytes for the same bundle. The manifest comes first, the rest by path."""

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

from onnxport.bundle.interface import Bundle, BundleDamaged
from onnxport.bundle.verify import check_quickly
from onnxport.domain.bundle import MANIFEST_NAME

_MODE = 0o644
_FAST = 1
"""Weights hardly get smaller; a higher level would only take longer."""


def export_bundle(bundle: Bundle, destination: Path) -> None:
    """Write a bundle to a file, checking every byte; it is there whole or not at all.

    Raises:
        BundleDamaged: the content is not what the manifest states.
        OSError: the file cannot be written.
    """
    check_quickly(bundle.directory, bundle.manifest)
    beside = destination.with_name(f".{destination.name}.{os.getpid()}.partial")
    try:
        with (
            beside.open("xb") as file,
            gzip.GzipFile("", "wb", _FAST, file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            _write(archive, bundle)
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.rename(destination)
    finally:
        beside.unlink(missing_ok=True)


def _write(archive: tarfile.TarFile, bundle: Bundle) -> None:
    manifest = bundle.manifest.to_bytes()
    archive.addfile(_entry(MANIFEST_NAME, len(manifest)), io.BytesIO(manifest))
    for file in bundle.manifest.files:
        with (bundle.directory / file.path).open("rb") as stream:
            hashing = _Hashing(stream)
            archive.addfile(_entry(file.path, file.size), hashing)
        if hashing.sha256.hexdigest() != file.sha256:
            raise BundleDamaged(bundle.directory, f"the content of {file.path} has changed")


def _entry(path: str, size: int) -> tarfile.TarInfo:
    """An entry without time and owner."""
    entry = tarfile.TarInfo(path)
    entry.size = size
    entry.mode = _MODE
    return entry


class _Hashing(io.RawIOBase):
    """Reads a file and hashes what was read."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._stream.read(size)
        self.sha256.update(chunk)
        return chunk
