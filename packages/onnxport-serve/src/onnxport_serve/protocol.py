"""One HTTP/1.1 connection: requests in, answers out in the same order, within bounds of memory and time.

`reader.py` parses and limits single requests. This file holds what concerns a connection over its life:

    order       one request is answered at a time; what comes meanwhile is kept unparsed, up to 64 KiB, then reading stops
    pressure    nothing is read or run for a client that does not read its answers
    time        `tick()`, called for every connection by one timer of the app
    the end     half-closed clients get the answers that come soon, for one that has gone looks the same;
                refused clients get theirs although they are still sending;
                idle connections are handed to another process when this one drains
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from operator import methodcaller
from typing import TYPE_CHECKING, cast

from onnxport_serve.errors import RequestTimeout
from onnxport_serve.known import LONGEST
from onnxport_serve.reader import BODY, IDLE, RequestReader
from onnxport_serve.request import Request

if TYPE_CHECKING:
    from onnxport_serve.app import App

_BACKLOG = 65_536
_JOINED = 65_536
_PROGRESS = 1024
_LINGER_S = 2.0
_GRACE_S = 2.0
_SHORTEST = 18  # of a head: b"GET / HTTP/1.0\r\n\r\n"
_NOTHING = -1
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
Release = Callable[[asyncio.Transport], None]


class HttpProtocol(asyncio.Protocol):
    """One connection of one client.

    Args:
        app: answers requests: `app.handle(request)` calls `reply` at once or later.
        loop: the loop of the connection.
    """

    __slots__ = (
        "_active",
        "_asks",
        "_backlog",
        "_backlog_size",
        "_closing",
        "_eof",
        "_head",
        "_inside",
        "_lingers",
        "_mark",
        "_reader",
        "_release",
        "_size",
        "_transport",
        "_waiting",
        "_write_paused",
        "app",
        "loop",
        "since",
        "trusted",
    )

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.loop = loop
        self.trusted = False
        """Whether the client came through the Unix socket, which no web page can reach."""
        self.since = 0.0
        """The app's clock when what the connection does now began."""
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader(self)
        self._active: Request | None = None
        self._waiting: deque[Request] = deque()
        self._backlog: deque[bytes] = deque()
        self._backlog_size = 0
        self._inside = False  # parsing or advancing, further up the stack
        self._write_paused = False
        self._asks = False  # a client waits for 100 Continue, behind other answers
        self._lingers = False  # the client is still sending what nobody will read
        self._eof = False
        self._closing = False
        self._mark = 0
        self._head = b""  # of the input that is being parsed, if it began a request
        self._size = _NOTHING  # of that input
        self._release: Release | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a fresh connection, or one that another process hands over."""
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        self.trusted = sock is not None and sock.family == socket.AF_UNIX
        if sock is not None and not self.trusted:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app.connected(self)
        self.since = self.app.now

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface's
        """Forget the connection; work that is still queued for it is dropped."""
        for request in (self._active, self._reader.close(), *self._waiting):
            if request is not None:
                self.app.abandon(request)
        self._transport = self._active = None
        self._waiting.clear()
        self._backlog.clear()
        self.app.disconnected(self)

    @property
    def is_busy(self) -> bool:
        """Whether no further request can be taken now."""
        return self._active is not None or self._write_paused

    def data_received(self, data: bytes) -> None:
        """Parse, unless something is still to be answered."""
        if self._reader.done:
            return
        if self._active is not None or self._write_paused or self._backlog:
            self._hold(data)
            return
        if self._reader.phase != IDLE or not self._is_known(data):
            self._feed(data)
            self._size = _NOTHING  # what completes a request later is another input
        if self._release is not None:
            self._leave()

    def eof_received(self) -> bool:
        """Answer what has been asked completely, then close: a client may close its sending side early.

        It may also have gone altogether, which looks the same, so no run is waited for longer than a moment.
        """
        self._eof = True
        self._limit_wait()
        return self._active is not None or bool(self._waiting or self._backlog)

    def pause_writing(self) -> None:
        """Stop answering while the client does not read."""
        self._write_paused = True
        self.since = self.app.now
        self._mark = 0

    def resume_writing(self) -> None:
        """Go on answering."""
        self._write_paused = False
        self.since = self.app.now
        self._advance()

    def _is_known(self, data: bytes) -> bool:
        """Answer one whole request whose head has been seen before; else remember where its head ends."""
        end = data.find(b"\r\n\r\n", 0, LONGEST) + 4
        if end < _SHORTEST:
            return False
        head = data[:end]
        known = self.app.state.known[self.trusted].find(head)
        if known is None or len(data) != end + known.length:
            self._head = head
            self._size = len(data)
            return False
        request = Request(self, known.method, known.target, known.headers)
        request.body = data[end:]
        self._active = request
        self.app.handle_known(request, known)
        return True

    def received(self, request: Request) -> None:
        """Answer a complete request, or queue it behind the one being answered."""
        self.since = self.app.now
        if len(self._head) + len(request.body) == self._size:
            request.head = self._head  # the input was this request and nothing else
        self._size = _NOTHING
        if self._active is None and not self._write_paused:
            self._active = request
            self.app.handle(request)
        else:
            self._waiting.append(request)

    def refused(self, request: Request) -> None:
        """Answer an unfinished request with its refusal, in order; the reader reads no more."""
        self._lingers = True
        self.received(request)

    def ask_for_body(self) -> None:
        """Send 100 Continue when it is this request's turn."""
        if self._active is None and not self._waiting and self._transport is not None:
            self._transport.write(_CONTINUE)
        else:
            self._asks = True

    def reply(self, request: Request, head: bytes, body: bytes) -> None:
        """Send the answer to the active request and go on with the next; nothing happens when the client has gone."""
        if request.held:
            self.app.release(request)
        transport = self._transport
        if transport is None or request is not self._active:
            return
        self.since = self.app.now
        if len(body) <= _JOINED:
            transport.write(head + body)
        else:
            transport.writelines((head, body))
        self._active = None
        if not request.keep_alive:
            self._close()
        elif self._waiting or self._backlog or self._eof or self._asks or self._release:
            self._advance()

    def begin_drain(self, release: Release | None = None) -> None:
        """Finish what is in flight, then part with the connection.

        Args:
            release: gets the transport at a moment when nothing is buffered in either direction and nothing is read,
                so that its socket can go on elsewhere; without it the connection is closed.
        """
        self._release = release or methodcaller("close")
        if release is None and self._active and not self._waiting and not self._backlog:
            self._active.keep_alive = False  # its answer says so
        if not self._inside:
            self._leave()

    def tick(self) -> None:
        """End what has taken too long. Called a few times within the shortest limit."""
        transport = self._transport
        if transport is None:
            return
        limits = self.app.state.limits
        waited = self.app.now - self.since
        if self._closing:
            lingers = not transport.get_write_buffer_size()
            if waited > (_LINGER_S if lingers else limits.idle_timeout_s):
                transport.abort()
        elif self._write_paused:
            self._tick_writing(transport, waited, limits.idle_timeout_s)
        elif self._active is not None:
            return  # the runner keeps the time of runs
        elif self._reader.phase == IDLE:
            if waited > limits.idle_timeout_s:
                transport.close()
        elif waited > limits.header_timeout_s:
            self._tick_reading(limits.header_timeout_s)

    def _feed(self, data: bytes) -> None:
        self._inside = True
        try:
            rest = self._reader.feed(data)
        finally:
            self._inside = False
        if rest:
            self._backlog.appendleft(rest)
            self._backlog_size += len(rest)
            self._stop_reading()

    def _hold(self, data: bytes) -> None:
        self._backlog.append(data)
        self._backlog_size += len(data)
        if self._backlog_size > _BACKLOG:
            self._stop_reading()

    def _stop_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def _advance(self) -> None:
        """Answer what waits, parse what was held back, read on; hand over or close what has become idle."""
        if self._inside:
            return
        while self._transport is not None and not (self.is_busy or self._closing):
            if not self._advance_once():
                self._rest()
                return
        if self._eof:
            self._limit_wait()

    def _advance_once(self) -> bool:
        """Answer or parse one thing that waits; false when nothing does."""
        if self._waiting:
            self._active = request = self._waiting.popleft()
            self._inside = True
            try:
                self.app.handle(request)
            finally:
                self._inside = False
        elif self._asks:
            self._asks = False
            self.ask_for_body()
        elif self._backlog and not self._reader.done:
            data = self._backlog.popleft()
            self._backlog_size -= len(data)
            self._feed(data)
        else:
            return False
        return True

    def _rest(self) -> None:
        if self._transport is None:
            return
        if self._eof or self._reader.done:
            self._close()
            return
        self._transport.resume_reading()
        if self._release is not None:
            self._leave()

    def _limit_wait(self) -> None:
        if self._active is not None:
            self.loop.call_later(_GRACE_S, self._give_up, self._active)

    def _give_up(self, request: Request) -> None:
        """End the run of a client that sends no more and has most likely gone, and leave what it asked besides."""
        if self._transport is not None and self._active is request:
            self.app.abandon(request)
            self._close()

    def _close(self) -> None:
        """Close once everything is written; where the client still sends, drop that for a while first.

        Closing at once with unread input makes the kernel reset the connection, and the answer may be lost with it.
        """
        self._closing = self._reader.done = True
        self._backlog.clear()
        transport = self._transport
        if transport is None:
            return
        if self._lingers and not self._eof and transport.can_write_eof():
            transport.write_eof()
            transport.resume_reading()
        else:
            transport.close()

    def _tick_writing(self, transport: asyncio.Transport, waited: float, limit: float) -> None:
        left = transport.get_write_buffer_size()
        if left != self._mark:
            self._mark = left
            self.since = self.app.now
        elif waited > limit:
            transport.abort()

    def _tick_reading(self, limit: float) -> None:
        """A head must be complete within the limit; a body must go forward by 1 KiB in every such time."""
        reader = self._reader
        if reader.phase == BODY and reader.size - reader.mark >= _PROGRESS:
            reader.mark = reader.size
            self.since = self.app.now
            return
        part = "body" if reader.phase == BODY else "head"
        reader.refuse(RequestTimeout(f"the {part} of the request did not come within {limit:g} s"))

    def _leave(self) -> None:
        transport = self._transport
        busy = self.is_busy or self._waiting or self._backlog or self._reader.phase != IDLE
        if transport is None or self._release is None or busy or self._closing:
            return
        if transport.get_write_buffer_size():
            self.loop.call_later(0.002, self._leave)
            return
        transport.pause_reading()
        self._closing = self._reader.done = True
        self._release(transport)
