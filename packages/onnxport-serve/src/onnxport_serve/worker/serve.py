"""The worker's loop: take a request from the queue, ask the script, send the answer."""

from __future__ import annotations

import array
import json
import mmap
import os
import signal
import socket
import struct
import sys
import threading
from time import monotonic
from typing import Any

from . import current, frames, memory
from .answers import Result
from .config import Config
from .inputs import Incoming
from .output import Output
from .script import Script, ScriptProblem

_DESCRIPTOR = array.array("i").itemsize
_ANCILLARY = socket.CMSG_SPACE(_DESCRIPTOR)
_LOOK_S = 1
_PR_SET_PDEATHSIG = 1


def become_worker(parent: int) -> None:
    """End when the front ends; leave the signals of the process group to it."""
    if sys.platform == "linux":
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        except (OSError, AttributeError):  # a foreign libc: the look at the parent remains
            pass
    if os.getppid() != parent:
        os._exit(1)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(
        signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    )


class Service:
    """The worker's ends of the channels to its front."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._queue = socket.socket(fileno=config.queue)
        self._stream = socket.socket(fileno=config.stream)
        for channel in (self._queue, self._stream):
            channel.setblocking(True)
        # A queue never says that its other end has gone: the worker looks at its parent now and then.
        self._queue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _LOOK_S, 0))
        self._board = mmap.mmap(config.board, 0)
        os.close(config.board)
        self._slot = config.slot * frames.SLOT.size
        self._process = os.getpid()
        self._sending = threading.Lock()
        self._number = 0

    def send_line(self, level: str, event: str, text: str) -> None:
        """Send a log line of the request that is being answered; one of a forked process has no part in the stream."""
        if os.getpid() != self._process:
            return
        line = json.dumps({"level": level, "event": event, "text": text}).encode()
        self._send(frames.LOG, self._number, line)

    def send_failure(self, problem: ScriptProblem) -> None:
        """Say that the script cannot serve."""
        self._send(frames.FAILED, 0, json.dumps(problem.to_json()).encode())

    def run(self, script: Script, description: dict[str, Any], output: Output) -> None:
        """Answer requests until told to stop."""
        memory.limit(self._config.memory_mb)
        self._send(frames.READY, 0, json.dumps(description).encode())
        buffer = bytearray(frames.LARGEST_MESSAGE)
        view = memoryview(buffer)
        own = self._process
        receive, buffers, slot = self._queue.recvmsg_into, [buffer], self._slot
        while True:
            try:
                size, ancillary, _, _ = receive(buffers, _ANCILLARY)
            except BlockingIOError:
                if os.getppid() != self._config.parent:
                    return
                continue
            number, flags, meta_size = frames.REQUEST.unpack_from(buffer)
            if flags & frames.STOP:
                return
            self._number = number
            frames.SLOT.pack_into(self._board, slot, number, monotonic())
            start = frames.REQUEST.size + meta_size
            body: Any = view[start:size]
            if flags & frames.IN_FILE:
                body = _read_file(ancillary)
            if meta_size:
                incoming = Incoming.from_meta(bytes(view[frames.REQUEST.size : start]), body)
                current.request_id = incoming.request_id
            else:
                incoming = Incoming(body)
            result = script.answer(incoming)
            if os.getpid() != own:
                os._exit(0)  # a process that the script has forked and let go on: it is no worker
            output.end_request()
            self._answer(number, result)
            self._number = 0
            if result.leaving:
                return

    def close(self) -> None:
        """Tell the front that this worker is gone, whatever the script's exit handlers and threads still do."""
        self._stream.close()
        self._queue.close()

    def _answer(self, number: int, result: Result) -> None:
        flags = (frames.RUN_FAILED if result.run_failed else 0) | (
            frames.LEAVING if result.leaving else 0
        )
        head = frames.RESULT.pack(result.status, flags, result.took_ms, len(result.headers))
        self._send(frames.ANSWER, number, head + result.headers + result.body)

    def _send(self, kind: bytes, number: int, payload: bytes) -> None:
        with self._sending:
            self._stream.sendall(frames.FRAME.pack(kind, number, len(payload)) + payload)


def _read_file(ancillary: Any) -> bytes:
    """The whole file of the descriptor that came along; raises `OSError` where none did: an empty body would be another request."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptor = array.array("i", data[:_DESCRIPTOR])[0]
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                file.seek(0)
                return file.readall() or b""
    raise OSError("a body was not received: this process has as many open files as it may have")
