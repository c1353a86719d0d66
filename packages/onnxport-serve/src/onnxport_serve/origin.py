"""Where a request may come from: `Host` is checked against DNS rebinding, `Origin` against foreign web pages.

A page in a browser can send requests to any address, this machine's included. Two things give it away: after DNS
rebinding the `Host` is the attacker's name, and a request across origins carries the page's `Origin`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from onnxport_serve.documents import HttpPolicy
from onnxport_serve.errors import BadRequest, Forbidden, Headers
from onnxport_serve.response import printable

_REMEMBERED = 64
_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not bound
PREFLIGHT: Headers = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, inference-header-content-length, x-request-id",
    ),
    (b"access-control-allow-private-network", b"true"),
    (b"access-control-max-age", b"600"),
)
"""What the answer to an allowed preflight request carries besides. Source: Fetch standard, CORS protocol."""
_EXPOSED = b"x-request-id, x-onnxport-revision, server-timing, inference-header-content-length"


class OriginGuard:
    """The names and origins that one generation answers to.

    Args:
        policy: the names and origins that the endpoint's document adds.
        bound_host: the address that the endpoint listens on. A wildcard address accepts every IP address as `Host`:
            a rebound page always carries a name.
    """

    __slots__ = ("_any_host", "_any_ip", "_any_origin", "_known", "_names", "_origins")

    def __init__(self, policy: HttpPolicy, bound_host: str) -> None:
        self._names = _lower({"localhost", bound_host, *policy.allowed_hosts})
        self._any_host = "*" in policy.allowed_hosts
        self._any_ip = bound_host in _WILDCARDS
        self._origins = _lower(policy.cors_origins)
        self._any_origin = "*" in policy.cors_origins
        self._known: set[bytes] = set()

    def check_host(self, host: bytes) -> None:
        """Accept the value of a `Host` header or raise `Forbidden` (`BadRequest` where it is not one)."""
        if host in self._known:
            return
        name = host_name(host)
        if not (self._any_host or name in self._names or self._is_trusted_address(name)):
            raise Forbidden(
                f"host '{printable(host)}' is not a name of this endpoint; "
                "add it to the endpoint's allowed hosts to accept it"
            )
        if len(self._known) < _REMEMBERED:
            self._known.add(host)

    def check_origin(self, origin: bytes, host: bytes) -> None:
        """Accept a page's `Origin` or raise `Forbidden`; the endpoint's own pages are always accepted."""
        if self.cors_headers(origin) or _is_same_origin(origin, host):
            return
        raise Forbidden(
            f"origin '{printable(origin)}' may not call this endpoint; "
            "add it to the endpoint's CORS origins to allow it"
        )

    def cors_headers(self, origin: bytes) -> Headers:
        """What an answer to this origin carries; empty when CORS does not allow it."""
        if self._any_origin:
            return (
                (b"access-control-allow-origin", b"*"),
                (b"access-control-expose-headers", _EXPOSED),
            )
        if origin.decode("latin-1").lower() not in self._origins:
            return ()
        return (
            (b"access-control-allow-origin", origin),
            (b"vary", b"origin"),
            (b"access-control-expose-headers", _EXPOSED),
        )

    def _is_trusted_address(self, name: str) -> bool:
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_ip or address.is_loopback


def host_name(host: bytes) -> str:
    """The name or address in a `Host` value, without port and brackets, in lower case; raises `BadRequest`."""
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        ok = bracket == "]" and (not port or port[0] == ":")
        port = port[1:]
    else:
        name, _, port = text.partition(":")
        ok = all(c.isalnum() or c in "-._" for c in name) and name.isascii()
    if not ok or not name or (port and not (port.isascii() and port.isdigit())):
        raise BadRequest("the Host header is not a host name with an optional port")
    return name.removesuffix(".")


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _is_same_origin(origin: bytes, host: bytes) -> bool:
    scheme, separator, authority = origin.lower().partition(b"://")
    return separator != b"" and scheme in (b"http", b"https") and authority == host.lower()
