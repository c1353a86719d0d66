"""Finding the file that stands for a URL, checked byte by byte before it is handed out."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, BinaryIO

VARIABLE = "ONNXPORT_MIRROR"
DOCUMENT = "mirror.json"
_CHUNK = 1 << 20


class MirrorFailed(OSError):
    """A URL is in the mirror, but cannot be served from it."""


def folder_of_mirror() -> str | None:
    """The folder that `ONNXPORT_MIRROR` names; `None` where it names none."""
    return os.environ.get(VARIABLE) or None


def open_mirrored(url: str) -> tuple[BinaryIO, int] | None:
    """The open file that stands for a URL, at its beginning, and its size; `None` where the URL is not mirrored.

    Raises:
        MirrorFailed: it is mirrored, but its file is gone, is another one, or lies outside the folder.
    """
    folder = folder_of_mirror()
    entry = _entries(folder).get(url.partition("#")[0]) if folder else None
    return None if folder is None or entry is None else _open_checked(folder, url, entry)


def path_inside(folder: str, name: str) -> str | None:
    """The path of a file that an entry names; `None` where it would leave the folder."""
    root = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(root, name))
    return path if path.startswith(root.rstrip(os.sep) + os.sep) else None


def digest_of(file: BinaryIO) -> str:
    """The SHA-256 of an open file from where it stands, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        digest.update(chunk)
    return digest.hexdigest()


def advice(url: str) -> str:
    """What to do about a URL that could not be downloaded."""
    return (
        f"{url} could not be downloaded. To serve it from a file: onnxport mirror add '{url}' FILE"
    )


def _entries(folder: str) -> dict[str, Any]:
    path = os.path.join(folder, DOCUMENT)
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise MirrorFailed(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise MirrorFailed(f"{path} is not one JSON object")
    return document


def _open_checked(folder: str, url: str, entry: Any) -> tuple[BinaryIO, int]:
    name, sha256 = (entry.get("file"), entry.get("sha256")) if isinstance(entry, dict) else (0, 0)
    if not (isinstance(name, str) and isinstance(sha256, str)):
        raise MirrorFailed(f"the mirror's entry of {url} has no file and sha256")
    path = path_inside(folder, name)
    if path is None:
        raise MirrorFailed(f"the mirror's file of {url} lies outside of {folder}")
    try:
        file = open(path, "rb")
    except OSError as error:
        raise MirrorFailed(f"the mirror's file of {url} cannot be read: {error}") from error
    if digest_of(file) != sha256.lower():
        file.close()
        raise MirrorFailed(
            f"the mirror's file of {url} is not the one that was added: its sha256 differs. See: onnxport mirror verify"
        )
    size = file.tell()
    file.seek(0)
    return file, size
