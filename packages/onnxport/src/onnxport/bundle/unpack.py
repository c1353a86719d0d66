"""An archive from outside becomes a bundle, or nothing.

The manifest comes first and is checked before anything else is read; from then on an entry is only taken if the manifest lists it with
its size, and its bytes must hash to what the manifest states. So an archive cannot name a path, a link or a device, nor be larger than it
says.
"""

import errno
import hashlib
import shutil
from pathlib import Path

from onnxport.bundle.archive_reader import ArchiveReader, Entry
from onnxport.bundle.build import READ_ONLY, directory_of
from onnxport.bundle.interface import ArchiveRefused, Bundle
from onnxport.bundle.publish import building_directory, publish
from onnxport.bundle.verify import parse_manifest, verify
from onnxport.domain.bundle import MANIFEST_NAME, BundleFile, BundleManifest
from onnxport.errors import DiskUnwritable

MOST_FILES = 100_000
LARGEST_MANIFEST = 64 * 1024**2
_CHUNK = 1024**2
_UNUSABLE_NAME = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ENOTDIR, errno.EEXIST}


def import_bundle(store: Path, archive: Path) -> tuple[Bundle, bool]:
    """The bundle in an archive, put into `store`; whether it is new there.

    Raises:
        ArchiveRefused: the file is not the archive of one whole bundle; nothing is left of it.
        BundleDamaged: a bundle of this digest exists and is not whole.
        DiskUnwritable: there is no room for what the manifest states.
        OSError: the disk may not be written.
    """
    with ArchiveReader(archive) as reader:
        body, manifest, digest = _read_manifest(reader)
        directory = directory_of(store, digest)
        if directory.exists():
            return verify(directory), False
        store.mkdir(parents=True, exist_ok=True)
        _check_room(store, manifest)
        with building_directory(store) as building:
            _take_files(reader, building, manifest)
            _write_manifest(building, body)
            publish(building, directory)
    return Bundle(directory, digest, manifest), True


def _read_manifest(reader: ArchiveReader) -> tuple[bytes, BundleManifest, str]:
    entry = reader.next()
    if entry is None or entry.path != MANIFEST_NAME:
        raise ArchiveRefused(reader.path, f"{MANIFEST_NAME} is not its first file")
    if entry.size > LARGEST_MANIFEST:
        raise ArchiveRefused(reader.path, f"its {MANIFEST_NAME} has {entry.size:,} bytes")
    body = reader.read(entry.size)
    try:
        manifest, digest = parse_manifest(body)
    except ValueError as error:
        raise ArchiveRefused(reader.path, f"its {MANIFEST_NAME} {error}") from error
    if len(manifest.files) > MOST_FILES:
        raise ArchiveRefused(reader.path, f"it holds more than {MOST_FILES:,} files")
    return body, manifest, digest


def _check_room(store: Path, manifest: BundleManifest) -> None:
    needed, free = sum(file.size for file in manifest.files), shutil.disk_usage(store).free
    if needed > free:
        raise DiskUnwritable(str(store), f"{needed:,} bytes are needed, {free:,} are free")


def _take_files(reader: ArchiveReader, building: Path, manifest: BundleManifest) -> None:
    missing = {file.path: file for file in manifest.files}
    while (entry := reader.next()) is not None:
        file = missing.pop(entry.path, None)
        if file is None:
            why = f"it holds {entry.path[:80]!r}, which its manifest does not list, or twice"
            raise ArchiveRefused(reader.path, why)
        _take_file(reader, entry, file, building)
    if missing:
        raise ArchiveRefused(reader.path, f"{min(missing)[:80]!r} is missing in it")


def _take_file(reader: ArchiveReader, entry: Entry, file: BundleFile, building: Path) -> None:
    if entry.size != file.size:
        why = f"{entry.path[:80]!r} has {entry.size:,} bytes instead of {file.size:,}"
        raise ArchiveRefused(reader.path, why)
    try:
        path = building / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as target:
            found, left = hashlib.sha256(), file.size
            while left:
                chunk = reader.read(min(left, _CHUNK))
                found.update(chunk)
                target.write(chunk)
                left -= len(chunk)
        path.chmod(READ_ONLY)
    except OSError as error:
        if error.errno not in _UNUSABLE_NAME:
            raise
        why = f"{entry.path[:80]!r} cannot be a file here ({error.strerror})"
        raise ArchiveRefused(reader.path, why) from error
    if found.hexdigest() != file.sha256:
        raise ArchiveRefused(reader.path, f"the content of {entry.path[:80]!r} has changed")


def _write_manifest(building: Path, body: bytes) -> None:
    path = building / MANIFEST_NAME
    path.write_bytes(body)
    path.chmod(READ_ONLY)
