"""The queue between a front and the workers of one revision.

All workers read the same datagram socket, so a request goes to whoever is free and to nobody twice; what no worker has begun can be taken
back. Only a few requests lie in the kernel, enough that a worker which has just answered finds the next one without waiting for the front.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket

from onnxport_serve.script.job import Job
from onnxport_serve.worker import frames

_BUFFER = 1 << 20
_AHEAD = 8
"""Requests in the kernel beyond those that are being answered. Linux holds ten datagrams by default (`net.unix.max_dgram_qlen`)."""
_FULL = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)


class Queue:
    """The socket pair.

    Args:
        workers: how many read it.
    """

    def __init__(self, workers: int) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ours.setblocking(False)
        with contextlib.suppress(OSError):
            self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.window = workers + _AHEAD
        """Requests that may be with the workers at a time."""

    def fileno(self) -> int:
        """The descriptor that workers inherit."""
        return self._theirs.fileno()

    def put(self, job: Job) -> bool:
        """Hand a job over; false when there is no room at the moment.

        Raises:
            OSError: it cannot be sent at all.
        """
        try:
            if job.fits:
                try:
                    self._ours.send(job.message())
                    return True
                except OSError as error:
                    if error.errno != errno.EMSGSIZE:
                        raise
            return self._put_file(job)
        except OSError as error:
            if error.errno in _FULL:
                return False
            raise

    def take_back(self) -> list[int]:
        """Take everything back that no worker has begun; the numbers of the jobs."""
        numbers: list[int] = []
        while True:
            try:
                message, ancillary, _, _ = self._theirs.recvmsg(
                    frames.REQUEST.size, socket.CMSG_SPACE(4), socket.MSG_DONTWAIT
                )
            except OSError:
                return numbers
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    os.close(int.from_bytes(data[:4], "little"))
            numbers.append(frames.REQUEST.unpack_from(message)[0])

    def tell_to_stop(self, workers: int) -> None:
        """Have as many workers end as soon as they are free."""
        for _ in range(workers):
            with contextlib.suppress(OSError):
                self._ours.send(frames.REQUEST.pack(0, frames.STOP, 0))

    def close(self) -> None:
        """Close both ends."""
        self._ours.close()
        self._theirs.close()

    def _put_file(self, job: Job) -> bool:
        head, descriptor = job.message_with_file()
        try:
            socket.send_fds(self._ours, [head], [descriptor])
        finally:
            os.close(descriptor)
        return True
