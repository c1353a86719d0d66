"""Gives open connections to another front, through the supervisor, and takes those that come."""

import asyncio
import collections
import os
import socket

from onnxport_serve.descriptors import receive_descriptor, send_descriptor

_RETRY_S = 0.002


class Handoff:
    """The front's end of the hand-off channel.

    Args:
        channel: a datagram socket to the supervisor, in non-blocking mode.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._waiting: collections.deque[int] = collections.deque()

    def fileno(self) -> int:
        """The descriptor, for a loop to watch."""
        return self._channel.fileno()

    @property
    def is_empty(self) -> bool:
        """Whether everything released has left this process."""
        return not self._waiting

    def release(self, transport: asyncio.Transport) -> None:
        """Give an idle connection away.

        What the client sends meanwhile waits in the kernel: the socket stays open under another descriptor.
        """
        descriptor = os.dup(transport.get_extra_info("socket").fileno())
        transport.abort()
        self.send(descriptor)

    def send(self, descriptor: int) -> None:
        """Send a connection's descriptor, which is closed here when it has left."""
        self._waiting.append(descriptor)
        if len(self._waiting) == 1:
            self._flush()

    def receive(self) -> list[int]:
        """The descriptors of connections that have arrived."""
        arrived = []
        while (descriptor := receive_descriptor(self._channel)) is not None:
            arrived.append(descriptor)
        return arrived

    def _flush(self) -> None:
        while self._waiting:
            if not send_descriptor(self._channel, self._waiting[0]):
                # The queue of datagrams is short; the supervisor empties it at once.
                asyncio.get_running_loop().call_later(_RETRY_S, self._flush)
                return
            os.close(self._waiting.popleft())
