"""External data: which files a model's weights lie in, and whether they are there, whole, and inside the model's folder."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from onnxport.inspect.finding import Finding, Severity
from onnxport.inspect.inspection import ExternalFile
from onnxport.inspect.structure import count_bytes

_EXTERNAL = 1
_LFS_MAGIC = b"version https://git-lfs.github.com/spec/"
_KEEP_TOGETHER = "Put the file back beside the model, or export the model again into one folder."


@dataclass(slots=True)
class _Use:
    """A file that tensors lie in and the number of bytes it must have at least."""

    needed: int = 0
    tensors: int = 0


def check_external_data(
    tensors: Iterable[Any], model_file: Path
) -> tuple[tuple[ExternalFile, ...], list[Finding]]:
    """The external files that exist, sorted by path, and an error for each one that cannot be used."""
    uses: dict[str, _Use] = {}
    findings: list[Finding] = []
    for tensor in tensors:
        if tensor.data_location == _EXTERNAL:
            _add_use(tensor, uses, findings)
    files: dict[str, ExternalFile] = {}
    for location, use in uses.items():
        found = _check_file(model_file, location, use)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            files[found.path] = found
    return tuple(files[path] for path in sorted(files)), findings


def _add_use(tensor: Any, uses: dict[str, _Use], findings: list[Finding]) -> None:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    try:
        offset = _read_number(entries.get("offset") or "0")
        length = _read_number(entries["length"]) if entries.get("length") else count_bytes(tensor)
    except ValueError:
        findings.append(_invalid_entry(tensor.name))
        return
    if not location:
        findings.append(_invalid_entry(tensor.name))
        return
    use = uses.setdefault(location, _Use())
    use.tensors += 1
    use.needed = max(use.needed, offset + length)


def _read_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise ValueError(text[:20])
    return int(text)


def _check_file(model_file: Path, location: str, use: _Use) -> ExternalFile | Finding:
    if not _stays_inside(model_file, location):
        return _escapes(location)
    path = model_file.parent / location
    try:
        status = path.stat()
    except OSError:
        return _missing(location, use)
    if not stat.S_ISREG(status.st_mode):
        return _missing(location, use)
    if status.st_size < use.needed:
        if _is_lfs_pointer(path):
            return _lfs_pointer(location)
        return _too_short(location, status.st_size, use.needed)
    return ExternalFile(str(PurePosixPath(location)), status.st_size)


def _stays_inside(model_file: Path, location: str) -> bool:
    """Whether the path is relative, without `..`, and its links end in the model's folder.

    The folder of the file that the model itself is a link to counts too: download caches keep all files of a model in one
    folder and link to them from another.
    """
    if "\0" in location or PurePosixPath(location).is_absolute() or ".." in location.split("/"):
        return False
    if "\\" in location and os.sep != "\\":
        return ".." not in location.split("\\") and location[1:3] != ":\\" and location[0] != "\\"
    try:
        target = (model_file.parent / location).resolve()
        homes = (model_file.parent.resolve(), model_file.resolve().parent)
    except (OSError, RuntimeError):
        return False
    return any(target.is_relative_to(home) for home in homes)


def _is_lfs_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_LFS_MAGIC)) == _LFS_MAGIC
    except OSError:
        return False


def _invalid_entry(name: str) -> Finding:
    return Finding(
        "invalid_external_data",
        Severity.ERROR,
        f"the weight {name[:80]!r} names no usable place in an external file",
        "The model cannot be loaded.",
        "Export the model again.",
    )


def _escapes(location: str) -> Finding:
    return Finding(
        "external_data_outside_folder",
        Severity.ERROR,
        f"the external data path {location[:200]!r} leaves the model's folder",
        "It is refused: a model could otherwise read any file of this machine.",
        "Save the model again with its data beside it: "
        "onnx.save_model(model, 'model.onnx', save_as_external_data=True, location='model.onnx.data').",
    )


def _missing(location: str, use: _Use) -> Finding:
    weights = "1 weight lies" if use.tensors == 1 else f"{use.tensors} weights lie"
    return Finding(
        "external_data_missing",
        Severity.ERROR,
        f"the external data file {location[:200]!r} is not there; {weights} in it",
        "The model cannot be loaded.",
        _KEEP_TOGETHER,
    )


def _too_short(location: str, size: int, needed: int) -> Finding:
    return Finding(
        "external_data_truncated",
        Severity.ERROR,
        f"the external data file {location[:200]!r} has {size:,} bytes and the model needs {needed:,}",
        "The model cannot be loaded.",
        "Copy or download the file again; it was cut off, or it belongs to another model.",
    )


def _lfs_pointer(location: str) -> Finding:
    return Finding(
        "external_data_lfs_pointer",
        Severity.ERROR,
        f"the external data file {location[:200]!r} is a Git LFS pointer, not the data",
        "The model cannot be loaded.",
        "Fetch the data in the repository it came from: git lfs pull",
    )
