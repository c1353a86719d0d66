"""Host names and web origins that a person lets in, in the form in which requests bring them."""

import ipaddress
import re

from onnxport.service.endpoint.errors import InvalidOption

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/:\[\]]+|\[[^\]]*\])(:(?P<port>[0-9]{1,5}))?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def allowed_host(text: str) -> str:
    """The host name or IP address as a `Host` header has it, without port and brackets; `*` for all.

    Raises:
        InvalidOption: it has a scheme, a port, a path or brackets, or is no name.
    """
    name = text.lower()
    if name == "*" or _NAME.fullmatch(name):
        return name
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        rule = "a host name or IP address without scheme, port and slash, such as models.example.org, or '*'"
        raise InvalidOption(f"an allowed host ({text[:80]!r} is not one)", rule) from None


def web_origin(text: str) -> str:
    """The origin as browsers send it: no slash at the end, no port that the scheme implies; `*` for all.

    Raises:
        InvalidOption: it is not `scheme://host[:port]`.
    """
    origin = text.lower().removesuffix("/")
    if origin == "*":
        return origin
    found = _ORIGIN.fullmatch(origin)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or not _is_authority(found["host"]) or (port is not None and port > 65535):
        rule = "scheme://host or scheme://host:port, such as https://app.example.org, or '*'"
        raise InvalidOption(f"a CORS origin ({text[:80]!r} is not one)", rule)
    shown = "" if port in (None, _DEFAULT_PORTS.get(found["scheme"])) else f":{port}"
    return f"{found['scheme']}://{found['host']}{shown}"


def _is_authority(host: str) -> bool:
    if not host.startswith("["):
        return _NAME.fullmatch(host) is not None
    try:
        return ipaddress.ip_address(host[1:-1]).version == 6
    except ValueError:
        return False
