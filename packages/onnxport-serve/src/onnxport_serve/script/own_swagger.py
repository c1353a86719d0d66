"""Swagger documents that lie beside a script and stand in for those that would be made."""

from __future__ import annotations

import json
from pathlib import Path

from onnxport_serve.errors import LoadError

_FILES = {
    "2": ("swagger.json", "swagger2.json"),
    "3": ("swagger3.json",),
    "3.1": ("swagger3.1.json",),
}
_LARGEST = 4 << 20


def read_own_swagger(folder: Path) -> dict[str, bytes]:
    """The documents by Swagger version; raises `LoadError` for one that cannot be read: it would be missed without a word."""
    found = {}
    for version, names in _FILES.items():
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is not None:
            found[version] = _read(path)
    return found


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST >> 20} MiB")
        return json.dumps(json.loads(path.read_bytes())).encode()
    except (OSError, ValueError, RecursionError) as error:
        raise LoadError(
            "swagger_unreadable",
            f"{path.name} beside the script is not a JSON document: {str(error)[:200]}",
            "Mend the file or leave it out; without it the document is made from the script's schemas.",
            says_all=True,
        ) from error
