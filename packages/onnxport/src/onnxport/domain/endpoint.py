"""The wanted state of an endpoint: the document `endpoint.json`. Format: `docs/specs/endpoint.md`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from onnxport.domain.resources import Resources, RunSettings
from onnxport.domain.traffic import Traffic

ENDPOINT_FORMAT = "onnxport-endpoint/1"


@dataclass(frozen=True, slots=True)
class Revision:
    """One numbered, immutable deployment: a bundle (digest and directory) with resources and settings.

    `environment` is the directory of the virtual environment that scoring code runs in, `None` for ONNX revisions; it holds nothing
    that the bundle's lock does not state, so it may be built again elsewhere.
    """

    number: int
    digest: str
    bundle: str
    resources: Resources = field(default_factory=Resources)
    settings: RunSettings = field(default_factory=RunSettings)
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Mirror:
    """Copies of this percent of requests go to one revision; its answers are compared, never returned."""

    revision: int
    percent: int


@dataclass(frozen=True, slots=True)
class AcceptedKey:
    """One key by name (`primary`, `secondary`) and the SHA-256 (hex) of its text."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """Whether requests need a key, and which keys are accepted."""

    required: bool = False
    accepted: tuple[AcceptedKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one endpoint; what happens beyond each is in the specification. Sizes in bytes, times in seconds."""

    body_bytes: int = 104_857_600
    in_flight: int = 256
    json_depth: int = 64
    request_timeout_s: float = 60
    queue_timeout_s: float = 5
    connections: int = 4096
    header_bytes: int = 32_768
    header_timeout_s: float = 20
    idle_timeout_s: float = 75


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Host names accepted besides loopback and the bound address; origins that CORS allows."""

    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capture:
    """Sampling of requests and answers for monitoring."""

    percent: float
    directory: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the endpoint listens; port 0 lets the system choose. `fronts` is the number of serving processes."""

    host: str = "127.0.0.1"
    port: int = 0
    unix_socket: str | None = None
    fronts: int = 1


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """Everything that `endpoint.json` states."""

    name: str
    generation: int
    revisions: tuple[Revision, ...]
    traffic: Traffic
    mirror: Mirror | None = None
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    limits: Limits = field(default_factory=Limits)
    http: HttpPolicy = field(default_factory=HttpPolicy)
    capture: Capture | None = None
    listen: Listen = field(default_factory=Listen)

    def to_bytes(self) -> bytes:
        """The bytes of `endpoint.json`: indented, for people who look."""
        document = {
            "format": ENDPOINT_FORMAT,
            "name": self.name,
            "generation": self.generation,
            "revisions": [asdict(revision) for revision in self.revisions],
            "weights": {str(number): percent for number, percent in self.traffic.percents},
            "mirror": asdict(self.mirror) if self.mirror else None,
            "keys": asdict(self.keys),
            "limits": asdict(self.limits),
            "http": asdict(self.http),
            "capture": asdict(self.capture) if self.capture else None,
            "listen": asdict(self.listen),
        }
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the document; `KeyError`, `TypeError` or `ValueError` where it is not one of this format."""
        if document["format"] != ENDPOINT_FORMAT:
            raise ValueError(f"endpoint format {document['format']!r} is not {ENDPOINT_FORMAT}")
        mirror, capture = document["mirror"], document["capture"]
        keys, http = document["keys"], document["http"]
        return cls(
            document["name"],
            document["generation"],
            tuple(_revision(revision) for revision in document["revisions"]),
            Traffic.of({int(number): percent for number, percent in document["weights"].items()}),
            None if mirror is None else Mirror(**mirror),
            KeyPolicy(keys["required"], tuple(AcceptedKey(**key) for key in keys["accepted"])),
            Limits(**document["limits"]),
            HttpPolicy(tuple(http["allowed_hosts"]), tuple(http["cors_origins"])),
            None if capture is None else Capture(**capture),
            Listen(**document["listen"]),
        )


def _revision(document: Mapping[str, Any]) -> Revision:
    settings = dict(document["settings"])
    settings["providers"] = tuple(settings["providers"])
    return Revision(
        document["number"],
        document["digest"],
        document["bundle"],
        Resources(**document["resources"]),
        RunSettings(**settings),
        document.get("environment"),
    )
