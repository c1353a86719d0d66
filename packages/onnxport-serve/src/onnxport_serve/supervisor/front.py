"""One serving process, seen from the supervisor: its orders, its reports, its log lines, its end."""

import collections
import contextlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from onnxport_serve.descriptors import LISTENER, receive_descriptor, send_descriptor
from onnxport_serve.supervisor.log_file import LogFile
from onnxport_serve.supervisor.problem import Problem
from onnxport_serve.supervisor.spawn import Spawned

_CHUNK = 1 << 16
_TAIL_LINES = 20
_LONGEST_LINE = 1 << 16


class Front:
    """A started front.

    `state` goes from `loading` over `ready` and `accepting` to `draining`; `ended` comes last from any of them. `generation` is what it
    has loaded or applied. `heard` is when it last reported, on the monotonic clock.

    Args:
        process: as `spawn_front` started it.
        selector: watches the channels; its data are callables without arguments.
        on_connection: takes the descriptor of a connection that this front gives away.
        log_file: where the front's standard output and error go.
    """

    def __init__(
        self,
        process: Spawned,
        selector: selectors.BaseSelector,
        on_connection: Callable[[int], None],
        log_file: LogFile,
    ) -> None:
        self._selector = selector
        self._on_connection = on_connection
        self._log_file = log_file
        self.pid, self._control, self._handoff, self._log = process
        self.state = "loading"
        self.generation = 0
        self.started = self.heard = time.monotonic()
        self.accepting_since = 0.0
        self.deadline: float | None = None
        self.problem: Problem | None = None
        self.warnings: tuple[str, ...] = ()
        self.decisions: tuple[str, ...] = ()
        self.log_tail: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)
        self._unread = b""
        self._unsent = b""
        self._line = b""
        self._connections: collections.deque[int] = collections.deque()
        self._watch()

    def load(self, document: bytes, listeners: Sequence[socket.socket]) -> None:
        """Hand the listening sockets over and have it load a document's revisions."""
        for listener in listeners:
            send_descriptor(self._handoff, listener.fileno(), LISTENER)
        self._order(do="load", document=document.decode(), listeners=len(listeners))

    def accept(self) -> None:
        """Have it accept connections."""
        self.state = "opening"
        self._order(do="accept")

    def apply(self, document: bytes) -> None:
        """Have it use a document with the same revisions."""
        self._order(do="apply", document=document.decode())

    def drain(self, has_successor: bool, within_s: float) -> list[int]:
        """Have it finish; returns connections that were on their way to it and need another front."""
        self.state = "draining"
        self.deadline = time.monotonic() + within_s
        returned = list(self._connections)
        self._connections.clear()
        self._order(do="drain", successor=has_successor)
        return returned

    def adopt(self, descriptor: int) -> None:
        """Give it an open connection, whose descriptor is closed here when it has left."""
        self._connections.append(descriptor)
        self._send()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def ended(self, wait_status: int) -> list[int]:
        """It was reaped: read what it left behind; returns connections that never reached it."""
        self._read_all()
        for channel in (self._control, self._handoff, self._log):
            with contextlib.suppress(KeyError):
                self._selector.unregister(channel)
        self._control.close()
        self._handoff.close()
        os.close(self._log)
        if self.problem is None:
            self.problem = _death(wait_status, self.state, tuple(self.log_tail))
        self.state = "ended"
        return list(self._connections)

    def _watch(self) -> None:
        for channel, callback in (
            (self._control, self._exchange),
            (self._handoff, self._relay),
            (self._log, self._read_log),
        ):
            if isinstance(channel, socket.socket):
                channel.setblocking(False)
            else:
                os.set_blocking(channel, False)
            self._selector.register(channel, selectors.EVENT_READ, callback)

    def _read_all(self) -> None:
        self._exchange()
        self._relay()
        self._read_log()
        if self._line:
            self._log_lines(self._line + b"\n")

    def _order(self, **message: Any) -> None:
        self._unsent += json.dumps(message).encode() + b"\n"
        self._exchange()

    def _exchange(self) -> None:
        """Send what waits, read what has come."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._control.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent = b""
        try:
            while chunk := self._control.recv(_CHUNK):
                self._unread += chunk
            self._forget(self._control)
        except BlockingIOError:
            self._await(self._control, self._exchange, bool(self._unsent))
        except OSError:
            self._forget(self._control)
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._note(json.loads(line))

    def _note(self, report: dict[str, Any]) -> None:
        self.heard = time.monotonic()
        match report["is"]:
            case "ready":
                self.state = "ready"
                self.generation = report["generation"]
                self.warnings = tuple(report["warnings"])
                self.decisions = tuple(report["decisions"])
            case "applied":
                self.generation = report["generation"]
            case "accepting":
                self.state = "accepting"
                self.accepting_since = round(time.time(), 3)
            case "failed":
                self._read_log()
                tail = () if report.get("says_all") else tuple(self.log_tail)
                self.problem = Problem(report["code"], report["message"], report["remedy"], tail)

    def _relay(self) -> None:
        while (descriptor := receive_descriptor(self._handoff)) is not None:
            self._on_connection(descriptor)
        self._send()

    def _send(self) -> None:
        try:
            while self._connections and send_descriptor(self._handoff, self._connections[0]):
                os.close(self._connections.popleft())
        except OSError:
            # It has just ended; `ended` returns what is left.
            return
        self._await(self._handoff, self._relay, bool(self._connections))

    def _await(
        self, channel: socket.socket, callback: Callable[[], None], has_unsent: bool
    ) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if has_unsent else 0)
        try:
            watched = self._selector.get_key(channel)
        except KeyError:
            return
        if watched.events != events:
            self._selector.modify(channel, events, callback)

    def _forget(self, channel: socket.socket) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(channel)

    def _read_log(self) -> None:
        try:
            while chunk := os.read(self._log, _CHUNK):
                *lines, self._line = (self._line + chunk).split(b"\n")
                if len(self._line) > _LONGEST_LINE:
                    lines, self._line = [*lines, self._line], b""
                if lines:
                    self._log_lines(b"\n".join(lines) + b"\n")
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._log)
        except BlockingIOError:
            return

    def _log_lines(self, lines: bytes) -> None:
        self._log_file.write(lines)
        text = lines.decode("utf-8", "replace")
        self.log_tail.extend(line[:2000] for line in text.splitlines())


def _death(wait_status: int, state: str, log_tail: tuple[str, ...]) -> Problem:
    code = os.waitstatus_to_exitcode(wait_status)
    how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
    remedy = "Read the last log lines for the reason."
    if code == -signal.SIGKILL:
        remedy = "If nobody killed it, the machine ran out of memory: give it more, or serve less."
    when = "while it loaded the revisions" if state == "loading" else "while it served"
    return Problem("front_died", f"the serving process ended {how} {when}", remedy, log_tail)
