"""Starting a front's process. Light on purpose: the first front starts while the supervisor still imports the rest of itself."""

import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

GROUP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""What a terminal or a service manager sends to every process of a group. A front starts with them blocked."""


class Spawned(NamedTuple):
    """A started process and this side of its channels: control (stream), hand-off (datagrams), what it prints (a pipe's end)."""

    pid: int
    control: socket.socket
    handoff: socket.socket
    log: int

    def discard(self) -> None:
        """End a process that has no use, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.control.close()
        self.handoff.close()
        os.close(self.log)


def spawn_front(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Spawned:
    """Start a front; it imports what it needs and waits for its first order.

    Args:
        command: what to run; the directory, this process's number and two descriptors are added.
        directory: the endpoint directory, absolute.
        environment: of the new process.
    """
    ours_control, control = socket.socketpair()
    ours_handoff, handoff = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours_log, log = os.pipe()
    for channel in (control, handoff):
        channel.set_inheritable(True)
    numbers = (os.getpid(), control.fileno(), handoff.fileno())
    pid = os.posix_spawn(
        command[0],
        [*command, str(directory), *map(str, numbers)],
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ],
        setsigmask=GROUP_SIGNALS,
        setsigdef=(*GROUP_SIGNALS, signal.SIGPIPE),
    )
    control.close()
    handoff.close()
    os.close(log)
    return Spawned(pid, ours_control, ours_handoff, ours_log)
