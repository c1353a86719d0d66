"""Bytes of one connection to requests: llhttp (`httptools`, strict) parses, this file keeps the limits.

head    header_bytes and 100 fields, whole or half           431
body    body_bytes, whatever was announced or chunked        413
        all bodies of the endpoint together                  503
chunks  framing may not outweigh what it frames              400

An offer to change the protocol (`Upgrade`) is not taken up: the request is read and answered as HTTP/1.1. Source: RFC 9110, section 7.8.
llhttp reads no body after such an offer, so another parser takes over behind the head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httptools

from onnxport_serve.errors import BadRequest, HeadersTooLarge, RequestError, TooLarge
from onnxport_serve.framing import add_header, body_length, check_target, check_version
from onnxport_serve.request import Request

if TYPE_CHECKING:
    from onnxport_serve.protocol import HttpProtocol

IDLE, HEAD, BODY = range(3)
SLICE = 16_384
_FIELDS = 100
_SMALL_BODY = 65_536


class _Refused(Exception):
    """Stops the parser; the connection knows the refusal."""


class _BehindHead:
    """What a parser calls that takes over where a body begins: its first head is only there to tell it the length."""

    def __init__(self, reader: RequestReader) -> None:
        self._reader = reader
        self._is_behind = False
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete

    def on_message_begin(self) -> None:
        if self._is_behind:
            self._reader.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._is_behind:
            self._reader.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_behind:
            self._reader.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_behind:
            self._reader.on_headers_complete()
        self._is_behind = True


class RequestReader:
    """Parses what one connection receives and hands over each complete request.

    `phase` says what is being read: nothing (`IDLE`), a head or a body. `size` is the number of bytes of the body so far,
    `mark` is the connection's, for what had come when it last looked; `done` is true when nothing more is read from this connection.
    """

    __slots__ = (
        "_app",
        "_connection",
        "_head_size",
        "_headers",
        "_length",
        "_parser",
        "_parts",
        "_raw",
        "_request",
        "_upgrade",
        "_url",
        "done",
        "mark",
        "phase",
        "size",
    )

    def __init__(self, connection: HttpProtocol) -> None:
        self._connection = connection
        self._app = connection.app
        self._parser: Any = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._head_size = 0
        self._request: Request | None = None
        self._upgrade: Request | None = None  # its head is read, its body is for another parser
        self._length: int | None = 0
        self._parts: list[bytes] = []
        self._raw = 0
        self.size = 0
        self.mark = 0
        self.phase = IDLE
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Parse; returns what is left when the connection cannot take another request now."""
        rest = b""
        try:
            if len(data) <= SLICE:
                self._parse(data)
                if self.phase != IDLE:
                    self._count_raw(len(data))
            else:
                rest = self._feed_slices(data)
        except httptools.HttpParserError as error:
            if not self.done:
                self.refuse(BadRequest(f"this is not HTTP/1.1: {error}".rstrip(": ")))
        return rest

    def refuse(self, refusal: RequestError) -> None:
        """End the reading: the request under way is answered with an error."""
        request = self._request or Request(self._connection, b"", self._url, self._headers)
        self._request = None
        self._parts = []
        self.phase = IDLE
        self.done = True
        request.refusal = refusal
        request.keep_alive = False
        self._connection.refused(request)

    def close(self) -> Request | None:
        """Let go of everything; returns the request under way."""
        request = self._request
        self._request = self._parser = None
        self._parts = []
        self.done = True
        return request

    def _parse(self, data: bytes | memoryview) -> None:
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                request = self._upgrade
                self._upgrade = None
                if request is None:  # CONNECT: what follows would be another protocol
                    self.done = True
                    return
                self._decline_upgrade(request)
                data = data[upgrade.args[0] :]
                if self.done or not data:
                    return
            else:
                return

    def _decline_upgrade(self, request: Request) -> None:
        """Go on behind the head of a request as if it had offered no other protocol."""
        self._request = request
        self._parser = httptools.HttpRequestParser(_BehindHead(self))
        length = self._length
        body = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        connection = b"" if request.keep_alive else b"Connection: close\r\n"
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b%b\r\n\r\n" % (connection, body))

    def _feed_slices(self, data: bytes) -> bytes:
        """Feed much input in parts, so that no more than one part is parsed ahead of what is being answered."""
        view = memoryview(data)
        while view and not self.done:
            if self._connection.is_busy:
                return bytes(view)
            size = SLICE
            if self.phase == BODY and self._length is not None:
                size = max(1, self._length - self.size)
            self._parse(view[:size])
            self._count_raw(size)
            view = view[size:]
        return b""

    def _count_raw(self, size: int) -> None:
        """Bound what the parser keeps or skips without a callback: half a head, chunk extensions, trailers."""
        self._raw += size
        most = self._app.state.limits.header_bytes + SLICE
        if self.phase == HEAD:
            if self._raw > most:
                self.refuse(self._head_too_large())
        elif self.phase == BODY and self._length is None and self._raw > most + 8 * self.size:
            self.refuse(BadRequest("the chunks of the body are nearly empty"))

    def on_message_begin(self) -> None:
        """Start a request."""
        self._url = b""
        self._headers = {}
        self._head_size = 0
        self._raw = 0
        self.phase = HEAD
        self._connection.since = self._app.now

    def on_url(self, url: bytes) -> None:
        """Take (a piece of) the request target."""
        self._url = self._url + url if self._url else url
        if len(self._url) > self._app.state.limits.header_bytes:
            self._stop(self._head_too_large())

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one field; fields after the body are counted and dropped."""
        headers = self._headers
        self._head_size += len(name) + len(value) + 4
        if self._head_size > self._app.state.limits.header_bytes or len(headers) >= _FIELDS:
            self._stop(self._head_too_large())
        if self.phase != HEAD:
            return
        try:
            add_header(headers, name, value)
        except RequestError as refusal:
            self._stop(refusal)

    def on_headers_complete(self) -> None:
        """Know the request but for its body; refuse early what would be refused late."""
        parser = self._parser
        headers = self._headers
        request = Request(self._connection, parser.get_method(), self._url, headers)
        self._request = request
        self.phase = BODY
        self.size = self.mark = self._raw = 0
        if not parser.should_keep_alive() or request.method == b"CONNECT":
            request.keep_alive = False
        try:
            check_version(request, parser.get_http_version())
            check_target(request)
            self._length = length = body_length(headers)
            limit = self._app.state.limits.body_bytes
            if length is None or length > min(limit, _SMALL_BODY) or b"expect" in headers:
                self._admit_body(request, length, limit)
        except RequestError as refusal:
            self._stop(refusal)
        if parser.should_upgrade() and request.method != b"CONNECT":
            # llhttp now calls the message complete, without its body.
            self._upgrade, self._request = request, None

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self.size += len(body)
        if self.size != self._length or self._parts:
            self._take_part(len(body))
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Hand over the request."""
        request = self._request
        if request is None:
            return
        self._request = None
        parts = self._parts
        if parts:
            request.body = parts[0] if len(parts) == 1 else b"".join(parts)
            self._parts = []
        self.phase = IDLE
        if not request.keep_alive:
            self.done = True
        self._connection.received(request)

    def _admit_body(self, request: Request, length: int | None, limit: int) -> None:
        """Refuse before a body comes that would be refused after it; then let a client that waits for leave send it."""
        if length is not None and length > limit:
            raise _too_large(limit)
        self._app.admit(request)
        if request.headers.get(b"expect", b"").lower() == b"100-continue" and not request.old:
            self._connection.ask_for_body()

    def _take_part(self, size: int) -> None:
        limit = self._app.state.limits.body_bytes
        if self.size > limit:
            self._stop(_too_large(limit))
        request = self._request
        if request is None:
            raise _Refused
        try:
            self._app.admission.hold(size)
        except RequestError as refusal:
            self._stop(refusal)
        request.held += size

    def _stop(self, refusal: RequestError) -> None:
        self.refuse(refusal)
        raise _Refused

    def _head_too_large(self) -> HeadersTooLarge:
        limit = self._app.state.limits.header_bytes
        return HeadersTooLarge(f"the head of a request may have {limit} bytes and {_FIELDS} fields")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than this endpoint's limit of {limit} bytes")
