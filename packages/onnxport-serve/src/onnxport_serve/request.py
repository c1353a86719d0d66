"""One request on its way through the data plane, and the identifiers that travel with it."""

from __future__ import annotations

import itertools
import re
import secrets
from typing import TYPE_CHECKING, Any

from onnxport_serve.errors import HeadersTooLarge

if TYPE_CHECKING:
    from onnxport_serve.protocol import HttpProtocol

_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")
_LONGEST_ID = 100
_PREFIX = secrets.token_hex(8).encode()
_serial = itertools.count(1)


class Request:
    """A parsed request; the protocol fills the body in when all of it has come.

    `target` is the request target as sent; `headers` are by lower-case name. `refusal` is set when the request
    must be answered with an error whatever its route. `started` is the clock at the moment the body was complete.
    """

    __slots__ = (
        "body",
        "extra",
        "head",
        "headers",
        "held",
        "id",
        "job",
        "keep_alive",
        "method",
        "old",
        "protocol",
        "refusal",
        "started",
        "state",
        "target",
    )

    def __init__(
        self,
        protocol: HttpProtocol,
        method: bytes,
        target: bytes,
        headers: dict[bytes, bytes],
    ) -> None:
        self.protocol = protocol
        self.method = method
        self.target = target
        self.headers = headers
        self.keep_alive = True
        self.old = False
        """Whether the client speaks HTTP/1.0."""
        self.body = b""
        self.extra = b""
        """Header lines that every answer to this request carries."""
        self.head = b""
        """The bytes of the head, where it came together with the whole body and nothing else."""
        self.held = 0
        """Bytes of the body that count against the endpoint's buffer."""
        self.id = b""
        self.job: Any = None
        self.refusal: Exception | None = None
        self.started = 0.0
        self.state: Any = None

    @property
    def query(self) -> bytes:
        """What follows the first `?` of the target."""
        return self.target.partition(b"?")[2]


def new_id() -> bytes:
    """A request identifier that no other process and no earlier request has: a random prefix and a serial number."""
    return b"%b-%08x" % (_PREFIX, next(_serial))


def take_ids(headers: dict[bytes, bytes]) -> bytes:
    """The request's identifier: the one given, or a new one.

    Raises:
        HeadersTooLarge: a given identifier has more than 100 characters.
    """
    given = headers.get(b"x-request-id")
    if given is not None and len(given) > _LONGEST_ID:
        raise HeadersTooLarge(f"x-request-id must not exceed {_LONGEST_ID} characters")
    for name in (b"x-ms-request-id", b"x-ms-client-request-id"):
        if len(headers.get(name, b"")) > _LONGEST_ID:
            raise HeadersTooLarge(
                f"x-ms-request-id and x-ms-client-request-id must not exceed {_LONGEST_ID} characters"
            )
    return given or new_id()


def decode_path(target: bytes) -> bytes | None:
    """The path of a request target: percent-decoded, without the query; `None` where an escape is broken.

    An absolute-form target (`http://host/path`) has been cut to its path by the protocol.
    """
    path = target.partition(b"?")[0]
    if b"%" not in path:
        return path
    decoded = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), path)
    if len(decoded) != len(path) - 2 * path.count(b"%"):
        return None
    return decoded
