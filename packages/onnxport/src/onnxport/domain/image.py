"""An image: a bundle under a name and a number, built once, to be deployed as often as wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ImageState(StrEnum):
    """How building it ended."""

    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Image:
    """One version of an image.

    `digest` is that of its bundle, `None` where building failed; `log` tells how it was built, or why it failed. `models` are the
    names and versions in the bundle's order. Tags, description and properties can change, nothing else.
    """

    name: str
    version: int
    state: ImageState
    log: str
    digest: str | None
    models: tuple[tuple[str, int], ...]
    created: datetime
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"

    def to_json(self) -> dict[str, Any]:
        """The image for programs."""
        return {
            "name": self.name,
            "version": self.version,
            "state": self.state.value,
            "digest": self.digest,
            "models": [f"models:/{name}/{version}" for name, version in self.models],
            "created": self.created.isoformat(),
            "description": self.description,
            "tags": dict(self.tags),
            "properties": dict(self.properties),
            "log": self.log,
        }
