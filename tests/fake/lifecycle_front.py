"""A front whose revisions are words: `python lifecycle_front.py` in place of `python -m onnxport_serve.front`.

The `bundle` of a revision says how loading goes: `fail`, `crash`, `slow` (until the file `go` exists in the endpoint directory), anything
else loads. Answers name the process, the generation and the revisions. `/slow` answers once `go` exists, `/hang` blocks the loop.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import cast

from onnxport_serve.documents import EndpointSpec
from onnxport_serve.errors import LoadError
from onnxport_serve.front.interface import Release, Serving
from onnxport_serve.front.process import main
from onnxport_serve.log import Log


class FakeServing:
    """Answers every request with what it has loaded."""

    def __init__(self, spec: EndpointSpec, directory: Path) -> None:
        self.spec = spec
        self.directory = directory
        self.warnings = [f"warning of {revision.bundle}" for revision in spec.revisions]
        self.decisions = ["one thread"]
        self.open: set[FakeConnection] = set()
        self.in_flight = 0
        self.release: Release | None = None
        self.is_draining = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def connect(self) -> asyncio.BaseProtocol:
        return FakeConnection(self)

    @property
    def connections(self) -> int:
        return len(self.open)

    def apply(self, spec: EndpointSpec) -> None:
        if spec.limits.json_depth == 999:
            raise RuntimeError("this cannot be applied")
        self.spec = spec

    def close(self) -> None:
        pass

    def begin_drain(self, release: Release | None) -> None:
        self.is_draining = True
        self.release = release
        for connection in list(self.open):
            connection.leave()

    def answer(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "generation": self.spec.generation,
            "revisions": [revision.number for revision in self.spec.revisions],
            "weights": self.spec.weights,
        }


class FakeConnection(asyncio.Protocol):
    """HTTP/1.1 requests without bodies, one after the other."""

    def __init__(self, serving: FakeServing) -> None:
        self.serving = serving
        self.unread = b""
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.serving.open.add(self)
        if self.serving.is_draining:
            self.leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self.serving.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self.unread += data
        self.take()

    def take(self) -> None:
        if self.busy or b"\r\n\r\n" not in self.unread:
            return
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        path = head.split()[1].decode()
        if path == "/hang":
            time.sleep(3600)
        self.busy = True
        self.serving.in_flight += 1
        if path == "/slow":
            self.wait()
        else:
            self.answer()

    def wait(self) -> None:
        if (self.serving.directory / "go").exists():
            self.answer()
        else:
            self.serving.loop.call_later(0.01, self.wait)

    def answer(self) -> None:
        body = json.dumps(self.serving.answer()).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        self.busy = False
        self.serving.in_flight -= 1
        if self.serving.is_draining:
            self.leave()
        self.take()

    def leave(self) -> None:
        if self.busy or self.unread or self.transport.is_closing():
            return
        if self.serving.release is None:
            self.transport.close()
        else:
            self.serving.release(self.transport)


def load(spec: EndpointSpec, directory: Path, log: Log) -> Serving:
    for revision in spec.revisions:
        word = revision.bundle.rpartition("/")[2]
        if word == "fail":
            log.error("the fake is told to fail")
            raise LoadError("fake_failed", "revision cannot be served: it is told so", "Do else.")
        if word == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        while word == "slow" and not (directory / "go").exists():
            time.sleep(0.01)
    return FakeServing(spec, directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], load))
