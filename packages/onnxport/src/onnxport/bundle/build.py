"""Building a bundle: beside its place, flushed to the disk, then renamed. Two builds at once make one."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onnxport.bundle.interface import Bundle, PlaceModel, SampleRequest
from onnxport.bundle.manifest import Plan, model_folder, plan_onnx_bundle
from onnxport.bundle.verify import check_quickly
from onnxport.domain.bundle import MANIFEST_NAME
from onnxport.domain.model import ModelVersion

_BUILDING = ".building-"
_READ_ONLY = 0o444


def build_bundle(
    store: Path, version: ModelVersion, place: PlaceModel, sample: SampleRequest | None = None
) -> Bundle:
    """The bundle of a model version in `store`, built unless it is there already.

    Args:
        store: the folder of bundles; made when missing.
        version: an ONNX model version.
        place: puts the version's files into a directory; hard links to read-only blobs are welcome.
        sample: the golden request, if one is given.

    Raises:
        NotServable: the version is not an ONNX model.
        BundleDamaged: a bundle of this digest exists and is not whole.
        OSError: the disk is full or may not be written.
    """
    plan = plan_onnx_bundle(version, sample)
    digest = plan.manifest.digest
    directory = store / digest.removeprefix("sha256:")
    if directory.exists():
        os.utime(
            directory
        )  # it is about to be named: garbage collection leaves young bundles alone
    else:
        store.mkdir(parents=True, exist_ok=True)
        with _building_directory(store) as building:
            folder = building / model_folder(version)
            folder.mkdir(parents=True)
            place(version, folder)
            _write_files(building, plan)
            _flush(building)
            _move_into_place(building, directory)
    check_quickly(directory, plan.manifest)
    return Bundle(directory, digest, plan.manifest)


def remove_unfinished(store: Path) -> int:
    """Remove what killed builds left behind; returns how many. Builds that are running are let be."""
    with _locked(store):
        return _remove_unlocked(store)


def _remove_unlocked(store: Path) -> int:
    removed = 0
    for directory in store.glob(_BUILDING + "*"):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory)
            removed += 1
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
    return removed


@contextmanager
def _building_directory(store: Path) -> Iterator[Path]:
    """A locked temporary folder beside the bundles, gone afterwards unless it was renamed."""
    with _locked(store):  # nobody looks between the making and the locking
        _remove_unlocked(store)
        building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=store))
        descriptor = os.open(building, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        building.chmod(0o755)
        yield building
    finally:
        os.close(descriptor)
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def _locked(store: Path) -> Iterator[None]:
    descriptor = os.open(store, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_files(building: Path, plan: Plan) -> None:
    for path, body in {**plan.written, MANIFEST_NAME: plan.manifest.to_bytes()}.items():
        file = building / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        file.chmod(_READ_ONLY)


def _flush(building: Path) -> None:
    """Every file and every folder to the disk, so that the rename cannot outlive its content."""
    for path in [building, *building.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _move_into_place(building: Path, directory: Path) -> None:
    try:
        building.rename(directory)
    except OSError:
        if not directory.exists():  # else another build of the same digest came first
            raise
    descriptor = os.open(directory.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
