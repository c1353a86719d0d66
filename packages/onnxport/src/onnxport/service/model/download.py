"""Copying a version out of the workspace: all of its files, checked, or nothing."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from onnxport.domain.model import ModelFile, ModelVersion
from onnxport.registry.blobs.interface import Blob, BlobStore
from onnxport.service.model.errors import DestinationTaken, DestinationUnusable, NoSource
from onnxport.service.model.source import PROOF_SUFFIX


def download(
    store: BlobStore, version: ModelVersion, directory: Path, *, overwrite: bool = False
) -> Path:
    """Put the files into `directory`, made when missing; see `Models.download`."""
    proof = version.lineage.proof
    written = {}
    if proof is not None:
        name = f"{version.main_file}{PROOF_SUFFIX}"
        written[name] = json.dumps(proof.to_json(), indent=2).encode()
    _put(store, version.files, written, directory, overwrite=overwrite)
    return directory / version.main_file if version.main_file else directory


def download_source(
    store: BlobStore, version: ModelVersion, directory: Path, *, overwrite: bool = False
) -> Path:
    """Put what the version was converted from into `directory`; see `Models.download`."""
    files = version.lineage.source_files
    if not files:
        raise NoSource(version.reference)
    _put(store, files, {}, directory, overwrite=overwrite)
    return directory / files[0].path.partition("/")[0]


def _put(
    store: BlobStore,
    files: Iterable[ModelFile],
    written: Mapping[str, bytes],
    directory: Path,
    *,
    overwrite: bool,
) -> None:
    """Copy blobs and write small files into a folder beside, then move each entry at its top into place."""
    names = [*(file.path for file in files), *written]
    tops = sorted({name.partition("/")[0] for name in names})
    try:
        directory.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".onnxport-", dir=directory))
    except OSError as error:
        raise DestinationUnusable(directory, os.strerror(error.errno or 0)) from error
    try:
        if not overwrite:
            _refuse_overwriting(directory, tops)
        _fill(store, files, written, partial)
        for top in tops:
            if overwrite:
                _move_away(directory / top, partial / f".before-{top}")
            (partial / top).rename(directory / top)
    except OSError as error:
        raise DestinationUnusable(directory, os.strerror(error.errno or 0)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _refuse_overwriting(directory: Path, tops: list[str]) -> None:
    for top in tops:
        if os.path.lexists(directory / top):
            raise DestinationTaken(directory / top)


def _move_away(path: Path, place: Path) -> None:
    if os.path.lexists(path):
        path.rename(place)


def _fill(
    store: BlobStore, files: Iterable[ModelFile], written: Mapping[str, bytes], directory: Path
) -> None:
    for file in files:
        path = directory / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        store.place(Blob(file.sha256, file.size), path)
    for name, body in written.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
