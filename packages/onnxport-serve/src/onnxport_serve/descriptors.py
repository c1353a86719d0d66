"""Open sockets on their way between the supervisor and its fronts: one datagram per descriptor."""

import array
import errno
import os
import socket

LISTENER = b"l"
CONNECTION = b"c"
_BUSY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)
_SIZE = array.array("i").itemsize


def send_descriptor(channel: socket.socket, descriptor: int, kind: bytes = CONNECTION) -> bool:
    """Send a descriptor, which stays open here; false when the channel is full at the moment.

    Raises:
        OSError: nobody will ever read it.
    """
    try:
        socket.send_fds(channel, [kind], [descriptor])
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True


def receive_descriptor(channel: socket.socket) -> int | None:
    """The next descriptor that was sent; `None` when there is none at the moment, or ever again.

    It is not inherited by child processes.
    """
    try:
        _, ancillary, _, _ = channel.recvmsg(16, socket.CMSG_LEN(_SIZE))
    except (BlockingIOError, ConnectionError):
        return None
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptor = array.array("i", data)[0]
            os.set_inheritable(descriptor, False)
            return descriptor
    return None
