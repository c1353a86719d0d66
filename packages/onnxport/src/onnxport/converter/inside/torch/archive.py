"""The kinds of file that PyTorch writes, told apart by the names of their members and their first bytes. Standard library only."""

import json
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""What files of `torch.save` before PyTorch 1.6 begin with: a pickle of one number. Four more pickles and the weights follow."""
LEGACY_PICKLES = 3
"""How many pickles stand before that of the object: the number, the protocol, and sizes of types."""

_LARGEST_PICKLE = 256 << 20
_LARGEST_HEADER = 64 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, KeyError)
_DAMAGED += (NotImplementedError, struct.error)  # type: ignore[assignment]
_DTYPES = {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"}


class Archive:
    """A zip of PyTorch's; `kind` is `program`, `compiled`, `script` or `pickle`."""

    def __init__(self, path: Path, kind: str, folder: str) -> None:
        self.path = path
        self.kind = kind
        self._folder = folder

    def open_pickle(self) -> IO[bytes] | None:
        """The pickle that describes the object; `None` where it is damaged, or larger than one of a model can be."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                name = f"{self._folder}data.pkl"
                if archive.getinfo(name).file_size > _LARGEST_PICKLE:
                    return None
                return archive.open(name)
        except _DAMAGED:
            return None


def look_into(path: Path) -> Archive | None:
    """Which of PyTorch's archives this is; `None` for anything else. `OSError` where it cannot be read."""
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            kind = _kind_of(names)
    except _DAMAGED:
        return None
    return None if kind is None else Archive(path, kind, _folder_of(names))


def is_safetensors(path: Path) -> bool:
    """Whether a file begins like one of safetensors: the header's length, then JSON that describes tensors."""
    with path.open("rb") as file:
        head = file.read(8)
        if len(head) < 8:
            return False
        (length,) = struct.unpack("<Q", head)
        if not 2 <= length <= min(_LARGEST_HEADER, path.stat().st_size - 8):
            return False
        if file.read(1) != b"{":
            return False
        file.seek(8)
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            return False
    return _describes_tensors(header)


def _kind_of(names: Sequence[str]) -> str | None:
    folder = _folder_of(names)
    held = set(names)
    if f"{folder}archive_format" in held:
        models = any(name.startswith(f"{folder}models/") for name in names)
        compiled = any("/aotinductor/" in name for name in names)
        return "compiled" if compiled else "program" if models else None
    if "serialized_exported_program.json" in held:
        return "program"
    if f"{folder}data.pkl" not in held or f"{folder}version" not in held:
        return None
    is_script = f"{folder}constants.pkl" in held
    return "script" if is_script else "pickle"


def _folder_of(names: Sequence[str]) -> str:
    """Everything in PyTorch's archives lies in one folder, which is named after the file as it was saved."""
    first, slash, _ = (names[0] if names else "").partition("/")
    return first + slash


def _describes_tensors(header: object) -> bool:
    if not isinstance(header, dict):
        return False
    tensors = [value for name, value in header.items() if name != "__metadata__"]
    return bool(tensors) and all(
        isinstance(value, dict)
        and isinstance(value.get("dtype"), str)
        and (value["dtype"] in _DTYPES or value["dtype"].startswith("F8"))
        and isinstance(value.get("shape"), list)
        for value in tensors
    )
