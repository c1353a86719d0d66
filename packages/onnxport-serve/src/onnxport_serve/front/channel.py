"""The front's end of the control channel: one JSON object per line, both ways.

supervisor -> front                              front -> supervisor
{"do": "load", "document", "listeners": n}       {"is": "ready", "generation", "warnings", "decisions"}
                                                 {"is": "failed", "code", "message", "remedy", "says_all"}
{"do": "accept"}                                 {"is": "accepting"}
{"do": "apply", "document"}                      {"is": "applied", "generation"} or
                                                 {"is": "refused", "generation", "code", "message", "remedy"}
{"do": "drain", "successor": bool}               {"is": "drained"}, then exit 0
                                                 {"is": "alive", "connections", "in_flight"} every second
"""

import json
import socket
from typing import Any

_CHUNK = 1 << 16


class Channel:
    """Messages over a connected stream socket.

    Args:
        control: the socket; blocking until the loop takes it over.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._unread = b""

    def fileno(self) -> int:
        """The descriptor, for a loop to watch."""
        return self._control.fileno()

    def send(self, **message: Any) -> None:
        """Send one message; the supervisor always reads, so a full channel is waited for.

        Raises:
            OSError: the supervisor is gone.
        """
        self._control.setblocking(True)
        self._control.sendall(json.dumps(message).encode() + b"\n")

    def wait(self) -> dict[str, Any]:
        """The next message, waited for; raises `EOFError` when the supervisor is gone."""
        self._control.setblocking(True)
        while b"\n" not in self._unread:
            self._read()
        return self._next()

    def receive(self) -> list[dict[str, Any]]:
        """The messages that are there; raises `EOFError` when the supervisor is gone."""
        self._control.setblocking(False)
        try:
            while True:
                self._read()
        except BlockingIOError:
            pass
        messages = []
        while b"\n" in self._unread:
            messages.append(self._next())
        return messages

    def _read(self) -> None:
        chunk = self._control.recv(_CHUNK)
        if not chunk:
            raise EOFError("the supervisor is gone")
        self._unread += chunk

    def _next(self) -> dict[str, Any]:
        line, _, self._unread = self._unread.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message
