"""An answer of HTTP made of a file, as `http.client` would have read it from a socket."""

from __future__ import annotations

import http.client
import io
import mimetypes
from typing import Any, BinaryIO


def http_answer(file: BinaryIO, size: int, url: str, method: str) -> http.client.HTTPResponse:
    """The answer 200 with the file as its body; without a body for HEAD."""
    kind = mimetypes.guess_type(url.partition("?")[0])[0] or "application/octet-stream"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    wire: Any = _Wire(head.encode("latin-1"), file)
    answer: Any = http.client.HTTPResponse(wire, method=method)
    answer.begin()
    answer.url = url
    answer.msg = answer.reason  # what urllib.request does
    return answer  # type: ignore[no-any-return]


class _Wire:
    """What `HTTPResponse` needs of a socket."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._raw = _HeadAndFile(head, file)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(self._raw, 1 << 16)

    def close(self) -> None:
        self._raw.close()


class _HeadAndFile(io.RawIOBase):
    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head = head
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head:
            count = min(len(buffer), len(self._head))
            buffer[:count], self._head = self._head[:count], self._head[count:]
            return count
        count = self._file.readinto(buffer)  # type: ignore[attr-defined]
        return int(count)

    def close(self) -> None:
        self._file.close()
        super().close()
