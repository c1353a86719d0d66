"""Whether a bundle directory holds exactly what its digest says. Rules: `docs/specs/bundle.md`."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from onnxport_serve.documents.bundle import MANIFEST_NAME, BundleManifest, parse_manifest
from onnxport_serve.documents.fields import read_bytes

_CHUNK = 1024 * 1024


class BundleError(Exception):
    """A bundle directory that is not the bundle its revision names.

    Args:
        directory: the bundle directory.
        problem: which file differs, and how.
    """

    code = "bundle_changed"

    def __init__(self, directory: Path, problem: str) -> None:
        super().__init__(f"bundle {directory}: {problem}")
        self.message = str(self)
        self.remedy = "Deploy again: a bundle never changes after it was built."


def verify_bundle(directory: Path, digest: str) -> BundleManifest:
    """Read and hash every file of a bundle and return its manifest.

    Everything is read once (about 1 to 2 GB/s), so that a changed byte is found before it serves.

    Raises:
        BundleError: the manifest has another digest, or a file is missing, extra, not a plain file, or differs.
        DocumentError: the manifest cannot be read.
    """
    content = read_bytes(MANIFEST_NAME, directory / MANIFEST_NAME)
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if found != digest:
        raise BundleError(directory, f"{MANIFEST_NAME} has the digest {found}, not {digest}")
    manifest = parse_manifest(content)
    _check_names(directory, manifest)
    for file in manifest.files:
        _check_content(directory, file.path, file.size, file.sha256)
    return manifest


def _check_names(directory: Path, manifest: BundleManifest) -> None:
    listed = {file.path for file in manifest.files} | {MANIFEST_NAME}
    try:
        present = set(_walk(directory))
    except OSError as error:
        raise BundleError(directory, f"cannot be listed ({error.strerror})") from None
    for path in sorted(listed - present):
        raise BundleError(directory, f"the file '{path}' is missing")
    for path in sorted(present - listed):
        raise BundleError(directory, f"the file '{path[:200]}' is extra")


def _walk(directory: Path, prefix: str = "") -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name


def _check_content(directory: Path, path: str, size: int, sha256: str) -> None:
    try:
        descriptor = os.open(directory / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        problem = f"the file '{path}' cannot be read ({error.strerror})"
        raise BundleError(directory, problem) from None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(directory, f"'{path}' is not a plain file")
        if status.st_size != size:
            problem = f"the file '{path}' has {status.st_size} bytes instead of {size}"
            raise BundleError(directory, problem)
        hashed = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    if hashed.hexdigest() != sha256:
        raise BundleError(directory, f"the content of '{path}' has changed (SHA-256 differs)")
