"""What the script prints or logs, line by line, with the request it belongs to."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, Callable

Send = Callable[[str, str, str], None]
"""Takes a level, an event and a text."""
_LONGEST_LINE = 8192


class Output:
    """Sends the script's lines on. Lines that go to the file descriptors directly reach the endpoint's log as they are."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self._lines: tuple[_Lines, ...] = ()

    def capture(self) -> None:
        """Take `sys.stdout` and `sys.stderr` over, and have a crash leave a traceback."""
        import faulthandler

        faulthandler.enable()
        self._lines = (_Lines(self.send, "stdout", 1), _Lines(self.send, "stderr", 2))
        sys.stdout, sys.stderr = (_text_stream(lines) for lines in self._lines)

    def end_request(self) -> None:
        """Send lines that have no end yet: the next request's are its own."""
        for lines in self._lines:
            if lines.pending:
                lines.send_pending()

    def release(self) -> None:
        """Give the streams back: what is printed from now on goes to the descriptors."""
        self.end_request()
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


def _text_stream(lines: _Lines) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        lines,
        encoding="utf-8",
        errors="backslashreplace",
        newline="\n",
        write_through=True,
    )


class _Lines(io.BufferedIOBase):
    """Bytes that become log lines; `fileno` is that of the descriptor."""

    def __init__(self, send: Send, name: str, descriptor: int) -> None:
        self.pending = b""
        """A line that has begun."""
        self.name = f"<{name}>"
        self.mode = "wb"
        self._send = send
        self._event = name
        self._descriptor = descriptor
        self._process = os.getpid()

    def fileno(self) -> int:
        """The real descriptor."""
        return self._descriptor

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, content: Any) -> int:
        """Keep what has no end of a line yet, and send the rest."""
        added = bytes(content)
        if os.getpid() != self._process:
            # A process that the script has forked has the descriptor, and no part in what goes on between worker and front.
            os.write(self._descriptor, added)
            return len(added)
        *lines, self.pending = (self.pending + added).split(b"\n")
        for line in lines:
            self._send_line(line)
        if len(self.pending) > _LONGEST_LINE:
            self.send_pending()
        return len(added)

    def send_pending(self) -> None:
        """Send what has no end of a line yet."""
        line, self.pending = self.pending, b""
        self._send_line(line)

    def _send_line(self, line: bytes) -> None:
        for start in range(0, len(line), _LONGEST_LINE):
            part = line[start : start + _LONGEST_LINE]
            self._send("info", self._event, part.decode("utf-8", "replace"))
