"""Copying a version out of the workspace: all of its files, checked, or nothing."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from onnxport.domain.model import ModelVersion
from onnxport.registry.blobs.interface import Blob, BlobStore
from onnxport.service.model_errors import DestinationTaken, DestinationUnusable
from onnxport.service.model_source import PROOF_SUFFIX


def download(
    store: BlobStore, version: ModelVersion, directory: Path, *, overwrite: bool = False
) -> Path:
    """Put the files into `directory`, made when missing; see `Models.download`."""
    tops = sorted({file.path.partition("/")[0] for file in version.files})
    proof_name = f"{version.main_file}{PROOF_SUFFIX}"
    if version.lineage.proof is not None:
        tops = sorted({*tops, proof_name.partition("/")[0]})
    try:
        directory.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".onnxport-", dir=directory))
    except OSError as error:
        raise DestinationUnusable(directory, os.strerror(error.errno or 0)) from error
    try:
        if not overwrite:
            _refuse_overwriting(directory, tops)
        _fill(store, version, partial)
        if version.lineage.proof is not None:
            document = json.dumps(version.lineage.proof.to_json(), indent=2)
            (partial / proof_name).write_text(document, encoding="utf-8")
        for top in tops:
            if overwrite:
                _move_away(directory / top, partial / f".before-{top}")
            (partial / top).rename(directory / top)
    except OSError as error:
        raise DestinationUnusable(directory, os.strerror(error.errno or 0)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return directory / version.main_file if version.main_file else directory


def _refuse_overwriting(directory: Path, tops: list[str]) -> None:
    for top in tops:
        if os.path.lexists(directory / top):
            raise DestinationTaken(directory / top)


def _move_away(path: Path, place: Path) -> None:
    if os.path.lexists(path):
        path.rename(place)


def _fill(store: BlobStore, version: ModelVersion, directory: Path) -> None:
    for file in version.files:
        path = directory / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        store.place(Blob(file.sha256, file.size), path)
