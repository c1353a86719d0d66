"""One mirrored URL, and the document that lists them: `mirror.json`, {URL: {"file": path in the folder, "sha256": hex}}."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from onnxport.mirror.errors import MirrorUnreadable, UrlInvalid
from onnxport.mirror.hook.lookup import DOCUMENT, path_inside

_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_MOST_BYTES = 16_000_000
_MOST_CHARACTERS = 8000


@dataclass(frozen=True, slots=True)
class MirrorEntry:
    """A URL, the file that stands for it relative to the mirror's folder, and the digest of its bytes in hexadecimal."""

    url: str
    file: str
    sha256: str


def check_url(url: str) -> str:
    """The URL as it is given, which is its key; raises `UrlInvalid`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UrlInvalid(url, "it is no URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UrlInvalid(url, "it does not begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise UrlInvalid(url, "it holds a user or a password")
    if "#" in url or not url.isprintable() or " " in url or len(url) > _MOST_CHARACTERS:
        raise UrlInvalid(url, "it holds a fragment, a space or control characters, or is too long")
    return url


def read_entries(folder: Path) -> dict[str, MirrorEntry]:
    """The entries by URL; none where there is no document yet. Raises `MirrorUnreadable`."""
    path = folder / DOCUMENT
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        document = json.loads(content) if len(content) <= _MOST_BYTES else None
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise MirrorUnreadable(path, (error.strerror or "").lower()) from error
    except (ValueError, RecursionError) as error:
        raise MirrorUnreadable(path, "it is not JSON") from error
    if not isinstance(document, dict):
        raise MirrorUnreadable(path, "it is not one JSON object of a sensible size")
    return {url: _entry(path, url, stated) for url, stated in document.items()}


def document_of(entries: Iterable[MirrorEntry]) -> bytes:
    """The text of the document, sorted by URL."""
    rows = sorted(entries, key=lambda entry: entry.url)
    document = {entry.url: {"file": entry.file, "sha256": entry.sha256} for entry in rows}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _entry(path: Path, url: str, stated: object) -> MirrorEntry:
    file = stated.get("file") if isinstance(stated, dict) else None
    sha256 = stated.get("sha256") if isinstance(stated, dict) else None
    if not isinstance(file, str) or not isinstance(sha256, str) or not _SHA256.match(sha256):
        raise MirrorUnreadable(path, f"the entry of {url[:200]} has no file and sha256")
    if "\0" in file or path_inside(str(path.parent), file) is None:
        raise MirrorUnreadable(path, f"the file of {url[:200]} lies outside of the folder")
    return MirrorEntry(url, file, sha256.lower())
