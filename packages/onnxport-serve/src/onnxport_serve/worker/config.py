"""What a front tells a worker when it starts it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Config(NamedTuple):
    """Descriptors are inherited; `slot` is its place on the board, `models` the folder of the bundle's models; memory is in MiB."""

    parent: int
    queue: int
    stream: int
    board: int
    slot: int
    app_root: str
    script: str
    source: str | None
    models: str
    threads: int
    session_cache: bool
    memory_mb: int | None
    debug: bool

    def to_json(self) -> str:
        """One argument of the worker's command line."""
        return json.dumps(self._asdict())

    @classmethod
    def from_json(cls, text: str) -> Config:
        """Read the argument."""
        fields: dict[str, Any] = json.loads(text)
        return cls(**fields)
