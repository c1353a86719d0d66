"""The listening sockets of an endpoint: a TCP address and, when asked for, a Unix socket for its owner alone."""

import contextlib
import errno
import os
import socket
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from onnxport_serve.documents import Listen
from onnxport_serve.supervisor.problem import Problem, Unusable
from onnxport_serve.supervisor.status import Address

BACKLOG = 2048
_PATIENCE_S = 1.0
_STEP_S = 0.02
_LONGEST_UNIX_PATH = 100


@dataclass(frozen=True, slots=True)
class Listeners:
    """Bound and listening sockets, and the address to tell."""

    sockets: tuple[socket.socket, ...]
    address: Address
    unix_path: Path | None

    def close(self) -> None:
        """Close this process's share of the sockets and take the Unix socket's name away."""
        for listener in self.sockets:
            listener.close()
        if self.unix_path is not None:
            with contextlib.suppress(OSError):
                self.unix_path.unlink()


def open_listeners(listen: Listen, directory: Path) -> Listeners:
    """Bind and listen; raises `Unusable` with the reason when an address cannot be had."""
    tcp = _open_tcp(listen.host, listen.port)
    host, port = tcp.getsockname()[:2]
    if listen.unix_socket is None:
        return Listeners((tcp,), Address(host, port, None), None)
    path = directory / listen.unix_socket
    try:
        unix = _open_unix(path)
    except Unusable:
        tcp.close()
        raise
    return Listeners((tcp, unix), Address(host, port, str(path)), path)


def _open_tcp(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        problem = f"the host '{host}' to listen on cannot be resolved ({error.strerror})"
        raise Unusable(Problem("address_unusable", problem, _CHOOSE_HOST)) from None
    family, kind, protocol, _, address = found[0]
    # The fronts of a killed supervisor hold the port for a moment longer than its lock.
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        listener = socket.socket(family, kind, protocol)
        try:
            return _listening(listener, address)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise Unusable(_tcp_problem(host, port, error)) from None
        time.sleep(_STEP_S)


def _listening(listener: socket.socket, address: object) -> socket.socket:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(address)  # type: ignore[arg-type]
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


_CHOOSE_HOST = "Listen on an address of this machine, for example 127.0.0.1 or 0.0.0.0."


def _tcp_problem(host: str, port: int, error: OSError) -> Problem:
    if error.errno == errno.EADDRINUSE:
        return Problem(
            "address_in_use",
            f"port {port} on {host} is in use by another process",
            "Choose another port, or stop the process that listens there.",
        )
    if error.errno == errno.EACCES:
        return Problem(
            "address_forbidden",
            f"this user may not listen on port {port} of {host}",
            "Choose a port from 1024 on.",
        )
    problem = f"cannot listen on {host}, port {port} ({error.strerror})"
    return Problem("address_unusable", problem, _CHOOSE_HOST)


def _open_unix(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > _LONGEST_UNIX_PATH:
        raise Unusable(
            Problem(
                "address_unusable",
                f"the path of the Unix socket has more than {_LONGEST_UNIX_PATH} bytes: {path}",
                "Choose a shorter path for listen.unix_socket.",
            )
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The mask makes the file 0600 from its first moment; only its owner can ever connect.
    mask = os.umask(0o177)
    try:
        _remove_stale(path)
        listener.bind(str(path))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        problem = f"cannot listen on the Unix socket {path} ({error.strerror})"
        remedy = "Choose another path for listen.unix_socket."
        raise Unusable(Problem("address_unusable", problem, remedy)) from None
    finally:
        os.umask(mask)
    return listener


def _remove_stale(path: Path) -> None:
    """Take away what a killed supervisor left; leave a socket that answers, and every other kind of file."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
