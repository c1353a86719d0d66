"""Building a bundle from model versions and, for kind `script`, scoring code. Two builds at once make one."""

import os
from collections.abc import Sequence
from pathlib import Path

from onnxport.bundle.interface import Bundle, PlaceModel, SampleRequest, Scoring
from onnxport.bundle.manifest import Plan, model_folder, plan_bundle
from onnxport.bundle.publish import building_directory, publish
from onnxport.bundle.verify import check_quickly
from onnxport.domain.bundle import MANIFEST_NAME
from onnxport.domain.model import ModelVersion

READ_ONLY = 0o444


def build_bundle(
    store: Path,
    models: Sequence[ModelVersion],
    place: PlaceModel,
    sample: SampleRequest | None = None,
    scoring: Scoring | None = None,
) -> Bundle:
    """The bundle of these models in `store`, built unless it is there already.

    Args:
        store: the folder of bundles; made when missing.
        models: one ONNX model version; with scoring code any number of any framework.
        place: puts a version's files into a directory; hard links to read-only blobs are welcome.
        sample: the golden request, if one is given.
        scoring: code and environment, for a bundle of kind `script`.

    Raises:
        NotServable: without scoring code, the version is not an ONNX model.
        BundleDamaged: a bundle of this digest exists and is not whole.
        OSError: the disk is full or may not be written.
    """
    plan = plan_bundle(models, sample, scoring)
    digest = plan.manifest.digest
    directory = directory_of(store, digest)
    if directory.exists():
        os.utime(
            directory
        )  # it is about to be named: garbage collection leaves young bundles alone
    else:
        with building_directory(store) as building:
            for version in models:
                folder = building / model_folder(version)
                folder.mkdir(parents=True)
                place(version, folder)
            _write_files(building, plan)
            publish(building, directory)
    check_quickly(directory, plan.manifest)
    return Bundle(directory, digest, plan.manifest)


def directory_of(store: Path, digest: str) -> Path:
    """Where the bundle of a digest lies, or will."""
    return store / digest.removeprefix("sha256:")


def _write_files(building: Path, plan: Plan) -> None:
    for path, body in {**plan.written, MANIFEST_NAME: plan.manifest.to_bytes()}.items():
        file = building / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        file.chmod(READ_ONLY)
