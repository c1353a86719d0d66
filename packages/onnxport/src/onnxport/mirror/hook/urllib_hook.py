"""`urllib.request`: every opener asks the mirror first."""

from __future__ import annotations

import urllib.error
from typing import Any

from .advised import is_download, is_gone, with_advice
from .answers import http_answer
from .lookup import open_mirrored


class DownloadFailed(urllib.error.URLError):
    """A `URLError` that says how to mirror its URL; `reason` is that of the error."""

    def __init__(self, reason: Any, url: str) -> None:
        super().__init__(reason)
        self.url = url

    def __str__(self) -> str:
        return with_advice(super().__str__(), self.url)


def install(module: Any) -> None:
    """Let `urlopen`, `urlretrieve` and openers of one's own ask the mirror; takes the module, whose import may not be over yet."""
    opener = module.OpenerDirector
    if not hasattr(opener.open, "asks_mirror"):
        opener.open = _asking_first(opener.open, module.Request)


def _asking_first(original: Any, request_class: Any) -> Any:
    def ask_first(self: Any, fullurl: Any, data: Any = None, *rest: Any, **named: Any) -> Any:
        request = isinstance(fullurl, request_class)
        url = fullurl.full_url if request else fullurl
        method = fullurl.get_method() if request else "GET" if data is None else "POST"
        if not isinstance(url, str) or data is not None or not is_download(url, method):
            return original(self, fullurl, data, *rest, **named)
        found = open_mirrored(url)
        if found is not None:
            return http_answer(*found, url, method)
        try:
            return original(self, fullurl, data, *rest, **named)
        except urllib.error.HTTPError as error:
            if is_gone(error.code):
                error.msg = with_advice(error.msg, url)
            raise
        except DownloadFailed:
            raise
        except urllib.error.URLError as error:
            raise DownloadFailed(error.reason, url) from None

    asking: Any = ask_first
    asking.asks_mirror = True
    return asking
