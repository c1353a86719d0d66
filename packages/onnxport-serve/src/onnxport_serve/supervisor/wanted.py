"""Follows `endpoint.json`: tells when its content has changed."""

import json
from pathlib import Path

from onnxport_serve.documents import ENDPOINT_NAME

_Identity = tuple[int, int, int]


class WantedState:
    """The bytes of `endpoint.json`, read again only when the file was replaced."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / ENDPOINT_NAME
        self._identity: _Identity | None = None
        self.content = b""
        """What the file last held."""

    def changed(self, look_closely: bool = False) -> bytes | None:
        """The new content, or `None` when it is the old one; a file that is missing for a moment is no change.

        Args:
            look_closely: read the file even when it seems to be the same.
        """
        try:
            status = self._path.stat()
            identity = (status.st_ino, status.st_mtime_ns, status.st_size)
            if identity == self._identity and not look_closely:
                return None
            content = self._path.read_bytes()
        except OSError:
            return None
        self._identity = identity
        if content == self.content:
            return None
        self.content = content
        return content


def claimed_generation(content: bytes) -> int:
    """The generation that a document which may be invalid names; 0 when it names none."""
    try:
        generation = json.loads(content)["generation"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return 0
    is_valid = isinstance(generation, int) and not isinstance(generation, bool) and generation > 0
    return generation if is_valid else 0
