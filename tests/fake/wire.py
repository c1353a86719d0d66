"""A connection without a network: what is written is kept, time and sockets play no part."""

import asyncio
from typing import Any

from fake.http_endpoint import Endpoint, Settings
from onnxport_serve.protocol import HttpProtocol


class Wire(asyncio.Transport):
    """The transport of one fake connection."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def write(self, data: Any) -> None:
        assert not self.is_closed
        self.written += bytes(data)

    def writelines(self, parts: Any) -> None:
        for part in parts:
            self.write(part)

    def write_eof(self) -> None:
        self.is_closed = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


class _NoTimers(asyncio.SelectorEventLoop):
    """A loop that never runs."""

    def call_later(self, *_: Any, **__: Any) -> Any:
        return None


class Bench:
    """An endpoint whose connections are fed by hand; runs happen on the spot."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.endpoint = Endpoint(settings or Settings(loop=_NoTimers, inline_size=1 << 40))
        self.app = self.endpoint.app
        self.app._loop = self.endpoint.loop

    def connect(self) -> tuple[HttpProtocol, Wire]:
        """A fresh connection."""
        protocol, wire = self.app.connect(), Wire()
        protocol.connection_made(wire)
        return protocol, wire

    def feed(self, *pieces: bytes) -> Wire:
        """Send pieces over a fresh connection; what came back."""
        protocol, wire = self.connect()
        for piece in pieces:
            protocol.data_received(piece)
        protocol.connection_lost(None)
        return wire

    def close(self) -> None:
        """Let the loop go."""
        self.endpoint.loop.close()
