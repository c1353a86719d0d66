"""What a front needs of the application that it serves."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from onnxport_serve.documents import EndpointSpec
from onnxport_serve.log import Log

Release = Callable[[asyncio.Transport], None]
"""Takes an idle connection away: its transport is closed here and its socket served by another process."""


class Serving(Protocol):
    """Loaded revisions behind HTTP. Everything but loading happens on the loop's thread."""

    warnings: list[str]
    """What an operator should look at."""
    decisions: list[str]
    """What was decided at load, and from what."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called once, before the first connection."""

    def connect(self) -> asyncio.BaseProtocol:
        """The protocol of a new connection."""

    @property
    def connections(self) -> int:
        """Open connections."""

    @property
    def in_flight(self) -> int:
        """Requests under way."""

    def apply(self, spec: EndpointSpec) -> None:
        """Use other weights, keys and limits for the same revisions, in one assignment."""

    def close(self) -> None:
        """Called once, last, when nothing is in flight: end what was started beside this process."""

    def begin_drain(self, release: Release | None) -> None:
        """Finish what is under way and part with every connection, also those that still come.

        With `release`, a connection goes to it as soon as it is idle: no byte of a request read and unanswered, no byte of an answer
        unwritten. Without, readiness turns false, answers say that the connection closes, and idle connections are closed.
        """


Load = Callable[[EndpointSpec, Path, Log], Serving]
"""Loads the revisions of a document whose directory is given; raises `LoadError`, `BundleError` or `DocumentError`."""
