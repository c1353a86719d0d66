"""The observed state of an endpoint: the document `status.json`. Format: `docs/specs/endpoint.md`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

STATUS_FORMAT = "onnxport-status/1"


@dataclass(frozen=True, slots=True)
class ApplyError:
    """Why a generation does not serve, as the data plane says it."""

    generation: int
    code: str
    message: str
    remedy: str
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """What is really bound."""

    host: str
    port: int
    unix_socket: str | None = None


@dataclass(frozen=True, slots=True)
class FrontProcess:
    """A serving process: its id and the generation it loaded."""

    pid: int
    generation: int


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """What the supervisor last wrote; true only while it lives."""

    state: str
    generation: int
    attempted: int
    error: ApplyError | None
    pid: int
    address: Address | None
    fronts: tuple[FrontProcess, ...] = ()
    restarts: int = 0
    warnings: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the document; `KeyError`, `TypeError` or `ValueError` where it is not one of this format."""
        if document["format"] != STATUS_FORMAT:
            raise ValueError(f"status format {document['format']!r} is not {STATUS_FORMAT}")
        error, address = document["error"], document["address"]
        return cls(
            document["state"],
            document["generation"],
            document["attempted"],
            None if error is None else _error(error),
            document["pid"],
            None
            if address is None
            else Address(address["host"], address["port"], address.get("unix_socket")),
            tuple(FrontProcess(front["pid"], front["generation"]) for front in document["fronts"]),
            document["restarts"],
            tuple(document["warnings"]),
            tuple(document["decisions"]),
        )


def _error(document: Mapping[str, Any]) -> ApplyError:
    tail = document["log_tail"] or []
    lines = tail.splitlines() if isinstance(tail, str) else tail
    return ApplyError(
        document["generation"],
        document["code"],
        document["message"],
        document["remedy"],
        tuple(str(line) for line in lines),
    )
