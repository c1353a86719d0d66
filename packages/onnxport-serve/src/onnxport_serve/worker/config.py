"""What a front tells a worker when it starts it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Config(NamedTuple):
    """Descriptors are inherited; `slot` is this worker's place on the board; memory is in MiB."""

    parent: int
    queue: int
    stream: int
    board: int
    slot: int
    app_root: str
    script: str
    source: str | None
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
