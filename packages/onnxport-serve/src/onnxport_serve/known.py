"""Heads that have been parsed and checked before.

A client repeats itself: on a busy endpoint nearly every request starts with the same bytes as an earlier one. What a head
means (route, handler, headers) and whether it is allowed (host, origin, key) depends on its bytes and on the generation alone, so both are
remembered per generation, by the head's bytes. Only heads that were parsed by llhttp and passed every check get in, and only those whose
body length they state themselves.

A key in a head is thereby compared through a hash table with a random seed: nothing about its bytes can be told from the time.
"""

from __future__ import annotations

from onnxport_serve.request import Request
from onnxport_serve.route import Handler

LONGEST = 2048
_MOST = 1024
# These differ from request to request; remembering such heads would only push out useful ones.
_UNIQUE = frozenset(
    {
        b"x-request-id",
        b"x-ms-request-id",
        b"x-ms-client-request-id",
        b"traceid",
        b"traceparent",
        b"expect",
        b"transfer-encoding",
    }
)


class KnownHead:
    """What a head means."""

    __slots__ = ("extra", "handler", "headers", "length", "method", "target")

    def __init__(self, request: Request, handler: Handler) -> None:
        self.method = request.method
        self.target = request.target
        self.headers = request.headers
        self.extra = request.extra
        self.handler = handler
        self.length = len(request.body)


class KnownHeads:
    """The heads of one generation that one kind of connection (TCP, Unix socket) may repeat."""

    __slots__ = ("_heads", "find")

    def __init__(self) -> None:
        self._heads: dict[bytes, KnownHead] = {}
        self.find = self._heads.get

    def remember(self, request: Request, handler: Handler) -> None:
        """Keep the head of a request that came in one piece and passed every check."""
        if _UNIQUE.isdisjoint(request.headers):
            if len(self._heads) >= _MOST:
                self._heads.clear()
            self._heads[request.head] = KnownHead(request, handler)
