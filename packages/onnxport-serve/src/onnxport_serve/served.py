"""What the application needs of a loaded revision, whatever runs in it."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Protocol

from onnxport_serve.documents import Limits


class ServedRevision(Protocol):
    """A revision that answers. Everything but loading happens on the loop's thread."""

    kind: ClassVar[str]
    """That of its bundle: `onnx` or `script`."""
    number: int
    digest: str
    decisions: list[str]
    warnings: list[str]

    @property
    def label(self) -> str:
        """What metrics call it: the name of its model."""

    def use_limits(self, limits: Limits) -> None:
        """Use other limits from the next request on."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called once, before the first request."""

    def close(self) -> None:
        """End what it has started; nothing is asked of it any more."""
