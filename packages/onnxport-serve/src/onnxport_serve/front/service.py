"""A front between loading and exit: connections come and go, orders are followed, the supervisor hears a heartbeat."""

import asyncio
import os
import socket
import traceback
from collections.abc import Sequence
from typing import Any

from onnxport_serve.documents import EndpointSpec, parse_endpoint
from onnxport_serve.front.acceptor import Acceptor
from onnxport_serve.front.channel import Channel
from onnxport_serve.front.failure import unexpected_failure
from onnxport_serve.front.handoff import Handoff
from onnxport_serve.front.interface import Serving
from onnxport_serve.log import Log

_HEARTBEAT_S = 1.0
_LOOK_S = 0.005
_BURST = 64


class Service:
    """Runs the application of one front on its loop.

    Args:
        loop: not running yet.
        spec: what was loaded.
        serving: the loaded application.
        listeners: shared listening sockets.
        channel: control channel to the supervisor.
        handoff: datagram socket over which connections come and go.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spec: EndpointSpec,
        serving: Serving,
        listeners: Sequence[socket.socket],
        channel: Channel,
        handoff: socket.socket,
        log: Log,
    ) -> None:
        self._loop = loop
        self._spec = spec
        self._serving = serving
        self._channel = channel
        self._handoff = Handoff(handoff)
        self._log = log
        self._arriving: set[asyncio.Task[None]] = set()
        self._has_successor = False
        burst = _BURST if spec.listen.fronts == 1 else 1
        self._acceptor = Acceptor(loop, listeners, self._adopt, self._has_room, burst, log)

    def start(self) -> None:
        """Say that everything is loaded, and follow orders from now on."""
        self._loop.set_exception_handler(self._log_exception)
        self._serving.start(self._loop)
        self._loop.add_reader(self._channel.fileno(), self._follow)
        self._loop.add_reader(self._handoff.fileno(), self._take_over)
        self._tell(
            "ready",
            generation=self._spec.generation,
            warnings=list(self._serving.warnings),
            decisions=list(self._serving.decisions),
        )
        self._beat()

    def _follow(self) -> None:
        try:
            orders = self._channel.receive()
        except (EOFError, OSError):
            # No process of an endpoint outlives its supervisor: the port must be free for the next one.
            os._exit(1)
        for order in orders:
            self._obey(order)

    def _obey(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "accept":
                self._acceptor.open()
                self._tell("accepting")
            case "apply":
                self._apply(order["document"])
            case "drain":
                self._drain(order["successor"])

    def _apply(self, document: str) -> None:
        spec = parse_endpoint(document.encode())
        try:
            self._serving.apply(spec)
        except Exception as error:
            self._log.error("new settings fail", traceback=traceback.format_exc())
            self._tell("failed", **unexpected_failure(error))
            return
        self._spec = spec
        self._tell("applied", generation=spec.generation)
        self._log.info("new settings serve", generation=spec.generation)

    def _drain(self, has_successor: bool) -> None:
        self._acceptor.stop()
        self._has_successor = has_successor
        if not has_successor:
            self._acceptor.accept_waiting()
        self._acceptor.close()
        self._take_over()
        self._serving.begin_drain(self._handoff.release if has_successor else None)
        self._end_when_empty()

    def _end_when_empty(self) -> None:
        if self._serving.connections or self._arriving or not self._handoff.is_empty:
            self._loop.call_later(_LOOK_S, self._end_when_empty)
            return
        self._serving.close()
        self._tell("drained")
        # Everything is answered and given away; tearing down sessions and threads would only take time.
        os._exit(0)

    def _take_over(self) -> None:
        for descriptor in self._handoff.receive():
            if self._has_successor:
                self._handoff.send(descriptor)
            else:
                self._adopt(socket.socket(fileno=descriptor))

    def _adopt(self, connection: socket.socket) -> None:
        task = self._loop.create_task(self._connect(connection))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._serving.connect, connection)
        except OSError:
            # The client is gone already.
            connection.close()

    def _has_room(self) -> bool:
        share = max(1, self._spec.limits.connections // self._spec.listen.fronts)
        return self._serving.connections + len(self._arriving) < share

    def _beat(self) -> None:
        self._tell(
            "alive", connections=self._serving.connections, in_flight=self._serving.in_flight
        )
        self._loop.call_later(_HEARTBEAT_S, self._beat)

    def _log_exception(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        lines = traceback.format_exception(error) if error is not None else []
        self._log.error(
            "unexpected error", reason=str(context.get("message")), traceback="".join(lines)
        )

    def _tell(self, word: str, **fields: Any) -> None:
        try:
            self._channel.send(**{"is": word, **fields})
        except OSError:
            os._exit(1)
