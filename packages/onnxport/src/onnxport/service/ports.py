"""Choosing and checking the address that an endpoint listens on."""

import ipaddress
import os
import socket
from collections.abc import Collection

from onnxport.service.endpoint_errors import PortTaken

FIRST_PORT = 8000
_TRIED = 2000


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def choose_port(host: str, reserved: Collection[int]) -> int:
    """The first port from 8000 that is free on the host and not reserved for another endpoint.

    Raises:
        PortTaken: none is free, or the host is not one of this machine.
    """
    error = "no port is free"
    for port in range(FIRST_PORT, FIRST_PORT + _TRIED):
        if port in reserved:
            continue
        problem = listening_problem(host, port)
        if problem is None:
            return port
        error = problem
    raise PortTaken(host, FIRST_PORT, error)


def check_port(host: str, port: int) -> None:
    """Raise `PortTaken` where the address cannot be listened on."""
    problem = listening_problem(host, port)
    if problem is not None:
        raise PortTaken(host, port, problem)


def listening_problem(host: str, port: int) -> str | None:
    """Why the address cannot be listened on, or `None`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if isinstance(number, int) and number > 0 else str(error)
        return reason.lower()
    return None


def url_of(host: str, port: int) -> str:
    """`http://host:port` as a program of this machine reaches it."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
