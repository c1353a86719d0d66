"""A real app behind real sockets, with a model that tests steer: the loop runs on a thread of its own."""

import asyncio
import contextlib
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self

import uvloop
from onnxport_serve.app import App, build_app
from onnxport_serve.documents import (
    AcceptedKey,
    BundleModel,
    EndpointSpec,
    HttpPolicy,
    Keys,
    Limits,
    Listen,
    Revision,
)
from onnxport_serve.errors import BadRequest
from onnxport_serve.log import Log
from onnxport_serve.model.revision import LoadedRevision
from onnxport_serve.model.runner import Runner
from onnxport_serve.signature import NamedValue, Signature, TensorType

KEY = "correct-horse-battery-staple"
SIGNATURE = Signature(
    (NamedValue("X", TensorType("float32", ("N",))),),
    (NamedValue("Y", TensorType("float32", ("N",))),),
)


@dataclass
class FakeAnswer:
    body: bytes
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    nonfinite: int = 0


@dataclass
class FakeCall:
    """A list of numbers; the model doubles them."""

    feeds: dict[str, list[float]]
    size: int
    outputs: list[str] | None = None
    typed: bool = False
    wants_typed_outputs: bool = False

    def encode(self, outputs: list[Any], version: str) -> FakeAnswer:
        return FakeAnswer(json.dumps({"result": outputs[0], "version": version}).encode())


class FakeCodec:
    def decode_score(self, body: bytes, content_type: bytes) -> FakeCall:
        try:
            data = json.loads(body)["data"]
        except (ValueError, KeyError, TypeError):
            raise BadRequest('send {"data": [numbers]}') from None
        return FakeCall({"X": data}, len(data))

    def decode_v2(self, body: bytes, json_length: int | None) -> FakeCall:
        return self.decode_score(body, b"")


class FakeExecution:
    """Doubles the numbers; a first number of -1 fails, of -2 waits until `gate` opens or the run is ended."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.is_stubborn = False
        self.runs = 0
        self.ended = 0
        self.entered = threading.Semaphore(0)

    def __call__(self, call: FakeCall, options: Any = None) -> list[Any]:
        self.runs += 1
        data = call.feeds["X"]
        if data[:1] == [-1]:
            raise OrtRefusal(
                "[ONNXRuntimeError] : 1 : FAIL : secret 4711 while running Foo node. Name:'foo'"
            )
        if data[:1] == [-2]:
            self.entered.release()
            while not self.gate.wait(0.002):
                if options is not None and options.terminate and not self.is_stubborn:
                    self.ended += 1
                    raise OrtRefusal("[ONNXRuntimeError] : 1 : FAIL : terminated")
        return [[2 * value for value in data]]


class OrtRefusal(Exception):
    pass


OrtRefusal.__module__ = "onnxruntime.capi.fake"


@dataclass
class Clock:
    """A clock that tests move."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Settings:
    """What a test says about its endpoint; the rest is as in an endpoint on loopback."""

    limits: Limits = field(default_factory=Limits)
    http: HttpPolicy = field(default_factory=HttpPolicy)
    weights: dict[int, int] = field(default_factory=lambda: {1: 100})
    needs_key: bool = False
    keys: tuple[str, ...] = (KEY,)
    slots: int = 1
    inline_size: int = 16
    host: str = "127.0.0.1"
    clock: Callable[[], float] = time.monotonic
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop


def make_spec(settings: Settings) -> EndpointSpec:
    revisions = tuple(Revision(number, "sha256:" + "0" * 64, ".") for number in settings.weights)
    accepted = tuple(
        AcceptedKey(name, hashlib.sha256(key.encode()).hexdigest())
        for name, key in zip(("primary", "secondary"), settings.keys, strict=False)
    )
    return EndpointSpec(
        name="iris",
        generation=1,
        revisions=revisions,
        weights=settings.weights,
        keys=Keys(settings.needs_key, accepted),
        limits=settings.limits,
        http=settings.http,
        listen=Listen(host=settings.host),
    )


class Endpoint:
    """A running endpoint; `execution` steers its model."""

    def __init__(
        self, settings: Settings, revisions: dict[int, LoadedRevision] | None = None
    ) -> None:
        self.settings = settings
        self.execution = FakeExecution()
        self.loop = settings.loop()
        self.lines: list[str] = []
        revisions = revisions or {number: self._revision(number) for number in settings.weights}
        self.app: App = build_app(
            make_spec(settings), revisions, log=_ListLog(self.lines), clock=settings.clock
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._started = threading.Event()
        self.port = 0

    def _revision(self, number: int) -> LoadedRevision:
        codec: Any = FakeCodec()
        execution: Any = self.execution
        runner = Runner(
            execution,
            inline_size=self.settings.inline_size,
            slots=self.settings.slots,
            adapts=False,
        )
        return LoadedRevision(
            endpoint_name="iris",
            number=number,
            digest="sha256:" + "0" * 64,
            signature=SIGNATURE,
            model=BundleModel("iris", number, "models/iris/1", "m.onnx", "onnx", None, None),
            codec=codec,
            runner=runner,
            json_depth=self.settings.limits.json_depth,
            example={"data": [1.0]},
        )

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.app.start(self.loop)
        self._server = self.loop.run_until_complete(
            self.loop.create_server(self.app.connect, "127.0.0.1", 0)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._started.set()
        self.loop.run_forever()
        self.loop.run_until_complete(self._stop())
        self.loop.close()

    async def _stop(self) -> None:
        self._server.close()
        self.app.begin_drain(None)
        for _ in range(200):
            if not self.app.connections:
                return
            await asyncio.sleep(0.005)

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(5)

    def stop(self) -> None:
        self.execution.gate.set()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def apply(self, **changes: Any) -> None:
        """Change settings while running, as a new generation does."""
        self.settings = replace(self.settings, **changes)
        self.call(self.app.apply, make_spec(self.settings))

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call on the loop's thread and wait for it."""

        async def call() -> Any:
            return function(*arguments)

        return self.run(call())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop's thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(5)

    def connect(self) -> "Client":
        return Client(socket.create_connection(("127.0.0.1", self.port), timeout=10))

    def ask(
        self,
        method: str = "GET",
        path: str = "/",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> "Answer":
        """One request on a connection of its own."""
        with self.connect() as client:
            client.send(build(method, path, body, headers))
            return client.read(method)

    def score(self, data: list[float], **headers: str) -> "Answer":
        return self.ask("POST", "/score", json.dumps({"data": data}).encode(), headers)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A raw socket that reads answers one by one."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, method: str = "GET") -> Answer:
        while b"\r\n\r\n" not in self._unread:
            self._receive()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name not in headers, f"{name} twice"
            headers[name] = value
        status = int(status_line.split()[1])
        length = 0 if method == "HEAD" or status == 100 else int(headers["content-length"])
        while len(self._unread) < length:
            self._receive()
        body, self._unread = self._unread[:length], self._unread[length:]
        return Answer(status, headers, body)

    def reset(self) -> None:
        """Go away without a good-bye, as a killed client does."""
        reset_on_close(self.socket)
        self.socket.close()

    def is_closed(self, within_s: float = 20) -> bool:
        """Whether the server closes the connection without a further byte."""
        self.socket.settimeout(within_s)
        try:
            return not self._unread and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"closed after {self._unread[:200]!r}")
        self._unread += data


class _ListLog(Log):
    """Keeps lines instead of writing them."""

    __slots__ = ("_lines",)

    def __init__(self, lines: list[str]) -> None:
        super().__init__(-1)
        self._lines = lines

    def _write(self, level: str, event: str, fields: Any) -> None:
        self._lines.append(json.dumps({"level": level, "event": event, **fields}))


def build(
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    version: str = "1.1",
) -> bytes:
    """The bytes of a request; a `Host` and a length are added where missing."""
    fields = {"Host": "127.0.0.1", **(headers or {})}
    if body and "Transfer-Encoding" not in fields:
        fields.setdefault("Content-Length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode("latin-1") + body


def reset_on_close(connection: socket.socket) -> None:
    """Have the kernel reset the connection instead of closing it in order."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def bearer(key: str = KEY) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@contextlib.contextmanager
def running(
    settings: Settings | None = None, revisions: dict[int, LoadedRevision] | None = None
) -> Iterator[Endpoint]:
    """An endpoint for the time of a block; its revisions are fakes unless real ones are given."""
    endpoint = Endpoint(settings or Settings(), revisions)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()


def wait_until(condition: Callable[[], bool], within_s: float = 20) -> None:
    """Poll a condition; fails when it does not come true."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.002)
