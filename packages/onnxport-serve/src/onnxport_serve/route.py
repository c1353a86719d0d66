"""A route: its methods, and who may use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from onnxport_serve.request import Request

Handler = Callable[[Request], None]


@dataclass(frozen=True, slots=True)
class Route:
    """What one path answers to.

    Args:
        methods: handler by method; each answers the request, now or later, or raises `RequestError`.
        is_open: needs no key.
        runs: runs the model.
        allow: the methods, for the `allow` header.
    """

    methods: Mapping[bytes, Handler]
    is_open: bool = False
    runs: bool = False
    allow: bytes = b"OPTIONS"


def share(turns: Iterator[int], handlers: Mapping[int, Handler]) -> Handler:
    """The handlers of several revisions in turn; where only one can ever have a turn, that one itself."""
    if len(handlers) == 1:
        return next(iter(handlers.values()))
    following = map(handlers.__getitem__, turns)

    def answer(request: Request) -> None:
        next(following)(request)

    return answer


def get(handler: Handler, *, is_open: bool = False) -> Route:
    """A route that is read."""
    return Route({b"GET": handler, b"HEAD": handler}, is_open=is_open, allow=b"GET, HEAD, OPTIONS")


def post(handler: Handler) -> Route:
    """A route that runs the model."""
    return Route({b"POST": handler}, runs=True, allow=b"POST, OPTIONS")
