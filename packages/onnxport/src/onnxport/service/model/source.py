"""From a path that a person gives to the files of a version, what is in them, and the proof beside them."""

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from onnxport.domain.conversion import Proof
from onnxport.domain.signature import Signature
from onnxport.errors import UserError
from onnxport.inspect import find_model_file, read_model
from onnxport.inspect.errors import NoModelInFolder, SeveralModelsInFolder
from onnxport.service.conversion.source_digest import files_of
from onnxport.service.model.errors import (
    ProofUnusable,
    SourceChanged,
    SourceMissing,
    SourceUnsuitable,
)

PROOF_SUFFIX = ".proof.json"
_LEFT_OUT = "__pycache__"
_LONGEST_PATH = 1024
_MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to be registered: where it is, its path inside the version, and what changes when somebody writes to it."""

    path: Path
    name: str
    fingerprint: tuple[int, int, int]

    @classmethod
    def at(cls, path: Path, name: str) -> "SourceFile":
        """Look at a file; raises `SourceUnsuitable` where it is not a regular one with a name that can be kept."""
        found = _stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise SourceUnsuitable(
                path, "is not a regular file", "Give a file or a folder of files."
            )
        if len(name) > _LONGEST_PATH or not _is_text(name):
            raise SourceUnsuitable(
                path,
                "has a name that cannot be kept",
                "Rename it to at most 1024 Unicode characters.",
            )
        return cls(path, name, _fingerprint(found))

    def check_unchanged(self) -> None:
        """Raise `SourceChanged` if the file is not the one that was looked at."""
        if _fingerprint(_stat(self.path)) != self.fingerprint:
            raise SourceChanged(self.path)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """What a version is made of. `main_file` and `signature` are `None` where it is not an ONNX model."""

    path: Path
    files: tuple[SourceFile, ...]
    main_file: str | None
    signature: Signature | None
    proof_path: Path | None

    @property
    def default_name(self) -> str:
        """A name for the model: the file's, or the folder's where the file is just called `model`."""
        path = self.path.absolute()
        stem = path.name if path.is_dir() else path.stem
        if stem.lower() == "model" and not path.is_dir():
            stem = path.parent.name
        return model_name_from(stem)

    def under_own_name(self) -> "ModelSource":
        """The same with the folder's name before every path; a file stays as it is."""
        if not self.path.is_dir():
            return self
        folder = self.path.resolve().name
        files = tuple(replace(file, name=f"{folder}/{file.name}") for file in self.files)
        main = None if self.main_file is None else f"{folder}/{self.main_file}"
        return replace(self, files=files, main_file=main)


def read_source(path: Path, framework: str | None, proof: Path | None) -> ModelSource:
    """Look at a file or folder.

    An ONNX model is inspected, and taken with its external data files; a folder is taken whole, apart from hidden files,
    `__pycache__` and proofs. Anything that is not ONNX is taken as it is, provided that its framework is named.

    Raises:
        SourceMissing, SourceUnsuitable: the path does not lead to files that can be kept.
        UserError: it should be an ONNX model and cannot be served; see `onnxport.inspect.errors`.
    """
    _stat(path)
    files = tuple(_files_in(path)) if path.is_dir() else (SourceFile.at(path, path.name),)
    main = _onnx_file(path, framework)
    if main is None:
        if not files:
            raise SourceUnsuitable(path, "holds no files", "Give a file or a folder of files.")
        return ModelSource(path, files, None, None, proof)
    inspection = read_model(main)
    external = [
        SourceFile.at(main.parent / file.path, PurePosixPath(file.path).as_posix())
        for file in inspection.external_files
    ]
    known = {file.name for file in files}
    files += tuple(file for file in external if file.name not in known)
    beside = main.with_name(main.name + PROOF_SUFFIX)
    found = proof or (beside if beside.is_file() else None)
    return ModelSource(path, files, main.name, inspection.signature, found)


def source_files(path: Path) -> tuple[SourceFile, ...]:
    """All files of what a model was converted from: a file, a checkpoint in several, or a folder under its own name, hidden files included.

    Raises:
        SourceMissing, SourceUnsuitable: the path does not lead to files that can be kept.
    """
    if not path.is_dir():
        if not path.is_file():
            return (SourceFile.at(path, path.name),)
        return tuple(SourceFile.at(found, found.name) for found in files_of(path))
    folder = path.resolve()
    paths = sorted(found for found in folder.rglob("*") if found.is_file())
    return tuple(
        SourceFile.at(found, f"{folder.name}/{found.relative_to(folder).as_posix()}")
        for found in paths
    )


def model_name_from(text: str) -> str:
    """The closest model name: other characters as one dash; `model` where nothing is left."""
    return re.sub(r"[^a-zA-Z0-9._-]+", "-", text).strip("-._")[:255] or "model"


def read_proof(path: Path, onnx_sha256: str) -> Proof:
    """The proof in a file; raises `ProofUnusable` where it is none, or one of other bytes."""
    try:
        proof = Proof.from_json(json.loads(path.read_bytes()))
    except OSError as error:
        raise ProofUnusable(path, f"cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ProofUnusable(path, "is not a proof document") from error
    if proof.onnx_sha256 != onnx_sha256:
        raise ProofUnusable(
            path,
            f"is of other bytes (sha256 {proof.onnx_sha256[:12]}..., not {onnx_sha256[:12]}...)",
        )
    return proof


def _onnx_file(path: Path, framework: str | None) -> Path | None:
    """The ONNX file that a path means; `None` where the framework says that there is none to be read."""
    other = framework is not None and framework.lower() != "onnx"
    if not path.is_dir():
        return None if other and path.suffix.lower() != ".onnx" else path
    try:
        return find_model_file(path)
    except (NoModelInFolder, SeveralModelsInFolder):
        if other:
            return None
        raise


def _files_in(folder: Path) -> Iterator[SourceFile]:
    """All files below a folder, in the order of their paths."""
    root = folder.resolve()
    paths = sorted(_walk(folder))
    for path in paths:
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise _leaves_folder(path)
        yield SourceFile.at(path, path.relative_to(folder).as_posix())


def _walk(folder: Path) -> Iterator[Path]:
    count = 0
    for parent, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = _visible(folders)
        for name in folders:
            if (Path(parent) / name).is_symlink():
                raise _leaves_folder(Path(parent) / name)
        for name in _visible(names):
            count += 1
            if count > _MOST_FILES:
                raise SourceUnsuitable(
                    folder, f"holds more than {_MOST_FILES:,} files", "Name the model's own folder."
                )
            if not name.endswith(PROOF_SUFFIX):
                yield Path(parent) / name


def _visible(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith(".") and name != _LEFT_OUT]


def _refuse_folder(error: OSError) -> None:
    raise SourceUnsuitable(
        Path(str(error.filename)), f"cannot be listed: {error.strerror}", "Check its permissions."
    ) from error


def _leaves_folder(link: Path) -> UserError:
    return SourceUnsuitable(
        link,
        "is a link to a folder, or out of the model's folder",
        "Copy what it points to into the folder, for example with: cp -rL FOLDER COPY",
    )


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise SourceMissing(path) from None
    except (OSError, ValueError) as error:
        why = f"cannot be looked at: {getattr(error, 'strerror', None) or error}"
        raise SourceUnsuitable(path, why, "Check the path and its permissions.") from error


def _fingerprint(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
