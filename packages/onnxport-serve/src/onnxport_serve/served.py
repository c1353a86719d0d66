"""What the application needs of a loaded revision, whatever runs in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from onnxport_serve.contract.values import Contract
from onnxport_serve.documents import Limits
from onnxport_serve.route import Handler

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State


class ServedRevision(Protocol):
    """A revision that answers. Everything but loading happens on the loop's thread."""

    kind: ClassVar[str]
    """That of its bundle: `onnx` or `script`."""
    score_methods: ClassVar[tuple[bytes, ...]]
    """What `/score` takes."""
    number: int
    digest: str
    decisions: list[str]
    warnings: list[str]

    @property
    def label(self) -> str:
        """What metrics call it: the name of its model."""

    @property
    def is_ready(self) -> bool:
        """Whether it could answer now."""

    def score_handler(self, app: App) -> Handler:
        """Answers `/score`; made anew for every generation."""

    def infer_handler(self, app: App) -> Handler:
        """Answers `/v2/.../infer`; made anew for every generation."""

    def metadata(self) -> dict[str, Any]:
        """What `/v2/models/NAME` says besides names and versions."""

    def contract(self, state: State) -> Contract:
        """The documents about the endpoint, where this is its main revision."""

    def use_limits(self, limits: Limits) -> None:
        """Use other limits from the next request on."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called once, before the first request."""

    def close(self) -> None:
        """End what it has started; nothing is asked of it any more."""
