"""Signals that wake a selector and are heeded between two waits, never in the middle of something."""

import contextlib
import selectors
import signal
import socket

_HEEDED = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Signals:
    """Catches SIGHUP, SIGTERM, SIGINT and SIGCHLD from now on.

    Args:
        selector: is woken by every one of them.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._arrived: list[int] = []
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        selector.register(self._wake, selectors.EVENT_READ, self._drain)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in _HEEDED:
            signal.signal(number, lambda number, _: self._arrived.append(number))

    def arrived(self) -> list[int]:
        """The signals since the last call, oldest first."""
        arrived = self._arrived[:]
        del self._arrived[: len(arrived)]
        return arrived

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake.recv(4096)
