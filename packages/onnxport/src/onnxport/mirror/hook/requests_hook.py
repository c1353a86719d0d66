"""`requests`: every adapter asks the mirror first. Works on the package as it is imported, whenever that is."""

from __future__ import annotations

from typing import Any, BinaryIO

from .advised import is_download, is_gone, with_advice
from .lookup import open_mirrored

MODULE = "requests.adapters"


def install(module: Any) -> None:
    """Let the adapter of `requests.adapters` ask the mirror."""
    adapter = module.HTTPAdapter
    if not hasattr(adapter.send, "asks_mirror"):
        adapter.send = _asking_first(adapter.send, module)


def _asking_first(original: Any, module: Any) -> Any:
    def send(self: Any, request: Any, *arguments: Any, **named: Any) -> Any:
        url = request.url
        if not is_download(url, request.method):
            return original(self, request, *arguments, **named)
        found = open_mirrored(url)
        if found is not None:
            return _answer(self, request, *found)
        try:
            response = original(self, request, *arguments, **named)
        except module.ConnectionError as error:
            text = with_advice(str(error), url)
            raise type(error)(text, request=request, response=error.response) from None
        if is_gone(response.status_code):
            response.reason = with_advice(str(response.reason), url)
        return response

    asking: Any = send
    asking.asks_mirror = True
    return asking


def _answer(adapter: Any, request: Any, file: BinaryIO, size: int) -> Any:
    from urllib3.response import HTTPResponse

    headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
    if request.method == "HEAD":
        file.close()
    body = b"" if request.method == "HEAD" else file
    raw = HTTPResponse(body, headers=headers, status=200, reason="OK", preload_content=False)
    return adapter.build_response(request, raw)
