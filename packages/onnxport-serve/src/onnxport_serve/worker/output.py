"""What the script prints or logs, line by line, with the request it belongs to."""

from __future__ import annotations

import io
import sys
from typing import Callable

Send = Callable[[str, str, str], None]
"""Takes a level, an event and a text."""
_LONGEST_LINE = 8192


class Output:
    """Sends the script's lines on. Lines that go to the file descriptors directly reach the endpoint's log as they are."""

    def __init__(self, send: Send) -> None:
        self.send = send

    def capture(self) -> None:
        """Take `sys.stdout` and `sys.stderr` over, and have a crash leave a traceback."""
        import faulthandler

        faulthandler.enable()
        sys.stdout = _Lines(self.send, "stdout", 1)
        sys.stderr = _Lines(self.send, "stderr", 2)

    def release(self) -> None:
        """Give the streams back: what is printed from now on goes to the descriptors."""
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


class _Lines(io.TextIOBase):
    """A text stream that sends whole lines; `buffer` and `fileno` are those of the descriptor."""

    def __init__(self, send: Send, name: str, descriptor: int) -> None:
        self._send = send
        self._name = name
        self._descriptor = descriptor
        self._pending = ""
        self.buffer = io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False))

    @property
    def name(self) -> str:
        """As Python's own streams call themselves."""
        return f"<{self._name}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """Nothing printed is lost."""
        return "backslashreplace"

    def fileno(self) -> int:
        """The real descriptor."""
        return self._descriptor

    def writable(self) -> bool:
        """Yes."""
        return True

    def isatty(self) -> bool:
        """No."""
        return False

    def write(self, text: str) -> int:
        """Keep text up to the end of its line, and send whole lines."""
        pending = self._pending + text
        *lines, pending = pending.split("\n")
        while len(pending) > _LONGEST_LINE:
            lines.append(pending[:_LONGEST_LINE])
            pending = pending[_LONGEST_LINE:]
        self._pending = pending
        for line in lines:
            if line:
                self._send("info", self._name, line)
        return len(text)

    def flush(self) -> None:
        """Send what has been written to the descriptor; a line that has begun waits for its end."""
        self.buffer.flush()
