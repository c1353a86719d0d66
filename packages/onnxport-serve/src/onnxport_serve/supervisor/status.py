"""`status.json`, the observed state. Format: `docs/specs/endpoint.md`."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from onnxport_serve.supervisor.problem import Problem

STATUS_NAME = "status.json"
STATUS_FORMAT = "onnxport-status/1"


@dataclass(frozen=True, slots=True)
class Address:
    """What is really bound."""

    host: str
    port: int
    unix_socket: str | None


@dataclass(frozen=True, slots=True)
class FrontEntry:
    """One serving process: since when it accepts, in seconds since the epoch."""

    pid: int
    generation: int
    since: float


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `status.json` states but the time it was written."""

    state: str
    pid: int
    generation: int = 0
    attempted: int = 0
    error: tuple[int, Problem] | None = None
    address: Address | None = None
    fronts: tuple[FrontEntry, ...] = ()
    restarts: int = 0
    warnings: tuple[str, ...] = field(default=())
    decisions: tuple[str, ...] = field(default=())

    def to_bytes(self, updated: float) -> bytes:
        """The bytes of `status.json`: indented, for people who look."""
        document = {
            "format": STATUS_FORMAT,
            "state": self.state,
            "generation": self.generation,
            "attempted": self.attempted,
            "error": self._error(),
            "pid": self.pid,
            "address": asdict(self.address) if self.address else None,
            "fronts": [asdict(front) for front in self.fronts],
            "restarts": self.restarts,
            "warnings": list(self.warnings),
            "decisions": list(self.decisions),
            "updated": updated,
        }
        return json.dumps(document, indent=2, allow_nan=False).encode() + b"\n"

    def _error(self) -> dict[str, object] | None:
        if self.error is None:
            return None
        generation, problem = self.error
        return {"generation": generation, **asdict(problem)}


class StatusFile:
    """Writes `status.json` of a directory whenever the status has changed."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / STATUS_NAME
        self._beside = directory / f".{STATUS_NAME}.new"
        self._written: Status | None = None

    def write(self, status: Status) -> None:
        """Replace the file in one step; raises `OSError` where the directory cannot be written.

        It is not forced to the disk: after a power cut it belongs to no living process anyway.
        """
        if status == self._written:
            return
        self._beside.write_bytes(status.to_bytes(round(time.time(), 3)))
        self._beside.replace(self._path)
        self._written = status
