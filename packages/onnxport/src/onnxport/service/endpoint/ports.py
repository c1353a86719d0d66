"""Choosing and checking the address that an endpoint listens on."""

import errno
import ipaddress
import os
import socket
from collections.abc import Collection
from typing import Any

from onnxport.errors import UserError
from onnxport.service.endpoint.errors import InvalidOption, PortTaken

VARIABLE = "ONNXPORT_FIRST_PORT"
_FIRST_PORT = 8000
_LAST_PORT = 65535
_TRIED = 2000
_OTHER_PORT_MAY_DO = frozenset({errno.EADDRINUSE, errno.EACCES})


class HostUnusable(UserError):
    """The host to listen on is unknown, or it is not one of this machine: no port would do."""

    code = "host_unusable"

    def __init__(self, host: str, why: str) -> None:
        super().__init__(
            f"an endpoint cannot listen on {host[:255]!r}: {why}",
            "Check --host: give an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.",
        )


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def choose_port(host: str, reserved: Collection[int]) -> int:
    """The first port from 8000, or from `ONNXPORT_FIRST_PORT`, that is free on the host and not reserved for another endpoint.

    Raises:
        InvalidOption: the variable is no port.
        HostUnusable: the host is unknown or not one of this machine.
        PortTaken: none is free.
    """
    found = _resolve(host)
    problem = "no port is free"
    first = _first_port()
    for port in range(first, min(first + _TRIED, _LAST_PORT + 1)):
        if port in reserved:
            continue
        taken = _try_listening(host, found, port)
        if taken is None:
            return port
        problem = taken
    raise PortTaken(host, first, problem)


def _first_port() -> int:
    text = os.environ.get(VARIABLE, str(_FIRST_PORT))
    if not text.isdecimal() or not 1 <= int(text) <= _LAST_PORT:
        raise InvalidOption(VARIABLE, f"a port between 1 and {_LAST_PORT}")
    return int(text)


def check_port(host: str, port: int) -> None:
    """Raise `PortTaken` or `HostUnusable` where the address cannot be listened on."""
    problem = _try_listening(host, _resolve(host), port)
    if problem is not None:
        raise PortTaken(host, port, problem)


_Found = tuple[int, int, int, str, tuple[Any, ...]]
"""One answer of `getaddrinfo`: family, kind, protocol, canonical name, address."""


def _resolve(host: str) -> _Found:
    """The host's address; asked for once, since a name server may take long to answer."""
    try:
        return socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise HostUnusable(host, (error.strerror or str(error)).lower()) from error
    except ValueError as error:  # no name at all: a label of more than 63 characters, a null
        raise HostUnusable(host, "it is not a host name") from error


def _try_listening(host: str, found: _Found, port: int) -> str | None:
    """Why this port cannot be listened on, `None` where it can; raises `HostUnusable` where no port can."""
    family, kind, protocol, _, address = found
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address[0], port, *address[2:]))
            probe.listen(1)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        if error.errno not in _OTHER_PORT_MAY_DO:
            raise HostUnusable(host, reason) from error
        return reason
    return None


def url_of(host: str, port: int) -> str:
    """`http://host:port` as a program of this machine reaches it."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
