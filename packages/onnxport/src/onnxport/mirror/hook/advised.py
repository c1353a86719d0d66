"""Which failed downloads are worth the advice to mirror them."""

from __future__ import annotations

import urllib.parse

from .lookup import advice, folder_of_mirror

_GONE = {401, 403, 404, 410, 451, 500, 502, 503, 504}
_HERE = {"localhost", "127.0.0.1", "::1"}


def is_download(url: str, method: str | None) -> bool:
    """Whether a request is one that a file could answer; an endpoint on this machine is not."""
    parts = urllib.parse.urlsplit(url)
    away = parts.scheme in {"http", "https"} and parts.hostname not in _HERE
    return away and method in {"GET", "HEAD"} and folder_of_mirror() is not None


def is_gone(status: int) -> bool:
    """Whether a status says that a file is not to be had."""
    return status in _GONE


def with_advice(text: str, url: str) -> str:
    """The text of an error with the advice behind it."""
    return f"{text}. {advice(url)}"
