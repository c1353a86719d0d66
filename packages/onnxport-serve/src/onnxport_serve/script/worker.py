"""One worker process, seen from its front: started, heard, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from onnxport_serve.worker import frames
from onnxport_serve.worker.config import Config

PROGRAM = Path(__file__).parents[1] / "worker" / "program.py"
_CHUNK = 1 << 16
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Garbled(Exception):
    """What came over a stream is not what workers write."""


class Frame(NamedTuple):
    """What a worker said: the kind, the number of the request it is about, and the rest."""

    kind: bytes
    number: int
    payload: bytes


class Worker:
    """A started worker. `is_ready` turns true when it has said so.

    Args:
        interpreter: the user's Python.
        config: what to tell it; `parent` and `stream` are filled in here.
        environment: environment variables of the process.
    """

    def __init__(self, interpreter: str, config: Config, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        self.slot = config.slot
        self.is_ready = False
        self.is_ending = False
        self.lost = 0.0
        """When its stream ended, on the monotonic clock."""
        self.started = monotonic()
        self.stream = ours
        self._unread = bytearray()
        self._group_is_ended = False
        config = config._replace(parent=os.getpid(), stream=theirs.fileno())
        try:
            self._process = subprocess.Popen(
                [interpreter, "-u", str(PROGRAM), config.to_json()],
                stdin=subprocess.DEVNULL,
                cwd=config.app_root,
                env=dict(environment),
                # What the script starts belongs to the worker, and ends with it.
                start_new_session=True,
                pass_fds=(config.queue, config.board, theirs.fileno()),
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)

    @property
    def pid(self) -> int:
        """The process number."""
        return self._process.pid

    def read(self) -> tuple[list[Frame], bool]:
        """What has come, and whether the stream has ended with it."""
        ended = False
        try:
            while chunk := self.stream.recv(_CHUNK):
                self._unread += chunk
                if len(chunk) < _CHUNK:
                    break
            else:
                ended = True
        except BlockingIOError:
            pass
        except OSError:
            ended = True
        try:
            return list(self._frames()), ended
        except Garbled:
            # Something in the script has written into the stream; nothing in it can be trusted any more.
            self._unread.clear()
            self.kill()
            return [], True

    def _frames(self) -> Iterator[Frame]:
        unread, position = self._unread, 0
        head = frames.FRAME.size
        while len(unread) - position >= head:
            kind, number, size = frames.FRAME.unpack_from(unread, position)
            if kind not in frames.KINDS:
                raise Garbled
            end = position + head + size
            if len(unread) < end:
                break
            yield Frame(kind, number, bytes(unread[position + head : end]))
            position = end
        del unread[:position]

    def resident_bytes(self) -> int:
        """Memory in use; 0 where the system does not tell."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]) * _PAGE
        except (OSError, IndexError, ValueError):
            return 0

    def kill(self) -> None:
        """End it at once."""
        self.is_ending = True
        self._process.kill()
        if not self._group_is_ended:
            self._end_group()

    def reap(self) -> str | None:
        """How it ended, in words; `None` while it has not."""
        code = self._process.poll()
        if code is None:
            return None
        if not self._group_is_ended:
            self._group_is_ended = True  # once: the number may belong to somebody else later
            self._end_group()
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"by {signal.Signals(-code).name}"
        return f"with exit code {code}"

    def wait(self, timeout_s: float) -> str | None:
        """Wait for its end, and end it by force where that does not come; how it ended, in words."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        return self.reap()

    def _end_group(self) -> None:
        """End what the script has started and left running."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close this side of its stream."""
        self.stream.close()
