"""Checking that a bundle directory is what its manifest states: nothing missing, nothing extra, nothing changed."""

import hashlib
import json
from pathlib import Path

from onnxport.bundle.interface import Bundle, BundleDamaged
from onnxport.bundle.rules import check_manifest
from onnxport.domain.bundle import MANIFEST_NAME, BundleManifest

_CHUNK = 1 << 20


def verify(directory: Path) -> Bundle:
    """Read every byte of a bundle and compare it with the manifest.

    Raises:
        BundleDamaged: with the first thing that is wrong.
    """
    manifest, digest = read_manifest(directory)
    check_quickly(directory, manifest)
    for file in manifest.files:
        with (directory / file.path).open("rb") as stream:
            found = hashlib.sha256()
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
        if found.hexdigest() != file.sha256:
            raise BundleDamaged(directory, f"the content of {file.path} has changed")
    return Bundle(directory, digest, manifest)


def read_manifest(directory: Path) -> tuple[BundleManifest, str]:
    """The manifest and the digest of its bytes; raises `BundleDamaged`."""
    try:
        return parse_manifest((directory / MANIFEST_NAME).read_bytes())
    except OSError as error:
        raise BundleDamaged(directory, f"{MANIFEST_NAME} cannot be read") from error
    except ValueError as error:
        raise BundleDamaged(directory, f"{MANIFEST_NAME} {error}") from error


def parse_manifest(body: bytes) -> tuple[BundleManifest, str]:
    """The manifest in these bytes, and their digest; raises `ValueError` where they are not one, saying why after its name."""
    try:
        manifest = BundleManifest.from_json(json.loads(body))
        check_manifest(manifest)
        canonical = manifest.to_bytes()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        why = str(error) if type(error) is ValueError else type(error).__name__
        raise ValueError(f"is not a bundle manifest ({why[:300]})") from error
    if canonical != body:
        raise ValueError("is not in canonical form")
    return manifest, manifest.digest


def check_quickly(directory: Path, manifest: BundleManifest) -> None:
    """Compare the manifest and the size of every file, without reading the models; raises `BundleDamaged`."""
    try:
        stated = (directory / MANIFEST_NAME).read_bytes()
    except OSError as error:
        raise BundleDamaged(directory, f"{MANIFEST_NAME} cannot be read") from error
    if stated != manifest.to_bytes():
        raise BundleDamaged(directory, f"{MANIFEST_NAME} has changed")
    expected = {file.path: file.size for file in manifest.files} | {MANIFEST_NAME: len(stated)}
    found = _sizes(directory)
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            raise BundleDamaged(directory, f"{path} is missing")
        if path not in expected:
            raise BundleDamaged(directory, f"{path} does not belong to it")
        if found[path] != expected[path]:
            raise BundleDamaged(
                directory, f"{path} has {found[path]} bytes instead of {expected[path]}"
            )


def _sizes(directory: Path) -> dict[str, int | None]:
    """Size by relative path; `None` for what is neither a plain file nor a folder (links, sockets)."""
    sizes: dict[str, int | None] = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            sizes[name] = None
        elif path.is_file():
            sizes[name] = path.stat().st_size
    return sizes
