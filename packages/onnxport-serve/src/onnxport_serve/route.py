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


def share(handlers: Iterator[Handler]) -> Handler:
    """One handler after the other, a request each."""

    def answer(request: Request) -> None:
        next(handlers)(request)

    return answer


def get(handler: Handler, *, is_open: bool = False) -> Route:
    """A route that is read."""
    return Route({b"GET": handler, b"HEAD": handler}, is_open=is_open, allow=b"GET, HEAD, OPTIONS")


def post(handler: Handler) -> Route:
    """A route that runs the model."""
    return Route({b"POST": handler}, runs=True, allow=b"POST, OPTIONS")


def script(handler: Handler) -> Route:
    """A route that runs scoring code, which reads the query of a GET."""
    methods = {b"POST": handler, b"GET": handler, b"HEAD": handler}
    return Route(methods, runs=True, allow=b"GET, HEAD, POST, OPTIONS")
