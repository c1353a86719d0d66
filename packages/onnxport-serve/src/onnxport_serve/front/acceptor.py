"""Accepts connections from listening sockets that several processes share."""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

from onnxport_serve.log import Log

_PAUSE_S = 0.02
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Acceptor:
    """Accepts while there is room, and stops without closing the sockets for the other processes.

    Args:
        listeners: non-blocking listening sockets; this process's share of them is closed by `close`.
        adopt: takes an accepted socket.
        has_room: whether one more connection may be open.
        burst: connections accepted in one turn of the loop; 1 spreads them over processes that share the sockets.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listeners: Sequence[socket.socket],
        adopt: Callable[[socket.socket], None],
        has_room: Callable[[], bool],
        burst: int,
        log: Log,
    ) -> None:
        self._loop = loop
        self._listeners = listeners
        self._adopt = adopt
        self._has_room = has_room
        self._burst = burst
        self._log = log
        self._is_open = False

    def open(self) -> None:
        """Begin to accept."""
        self._is_open = True
        for listener in self._listeners:
            self._loop.add_reader(listener.fileno(), self._accept, listener)

    def stop(self) -> None:
        """Accept no more; connections that nobody has accepted wait for the other processes."""
        self._is_open = False
        self._watch_nothing()

    def accept_waiting(self) -> None:
        """Accept everything that waits, although accepting has stopped: nobody else will."""
        for listener in self._listeners:
            while (connection := _accepted(listener)) is not None:
                self._adopt(connection)

    def close(self) -> None:
        """Give this process's share of the sockets back."""
        for listener in self._listeners:
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(self._burst):
            if not self._has_room():
                self._pause()
                return
            try:
                connection = _accepted(listener)
            except OSError as error:
                self._log.warning("cannot accept connections for a moment", reason=error.strerror)
                self._pause()
                return
            if connection is None:
                return
            self._adopt(connection)

    def _pause(self) -> None:
        self._watch_nothing()
        self._loop.call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if not self._is_open:
            return
        if self._has_room():
            self.open()
        else:
            self._loop.call_later(_PAUSE_S, self._resume)

    def _watch_nothing(self) -> None:
        for listener in self._listeners:
            self._loop.remove_reader(listener.fileno())


def _accepted(listener: socket.socket) -> socket.socket | None:
    """A waiting connection; `None` when there is none, or it is gone already. Raises `OSError` when descriptors run out."""
    try:
        connection, _ = listener.accept()
    except OSError as error:
        if error.errno in _EXHAUSTED:
            raise
        return None
    connection.setblocking(False)
    return connection
