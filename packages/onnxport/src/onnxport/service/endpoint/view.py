"""What there is to see of an endpoint: wanted and observed state together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from onnxport.domain.endpoint import EndpointSpec
from onnxport.domain.status import EndpointStatus
from onnxport.registry.endpoints import RevisionRecord, RevisionState
from onnxport.service.endpoint.ports import url_of


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One revision: its models as references, whether it is loaded, its share of the traffic in percent."""

    number: int
    state: str
    models: tuple[str, ...]
    digest: str
    created: datetime
    loaded: bool
    percent: int

    def to_json(self) -> dict[str, Any]:
        """The revision for programs."""
        return {
            "number": self.number,
            "state": self.state,
            "models": list(self.models),
            "digest": self.digest,
            "created": self.created.isoformat(),
            "loaded": self.loaded,
            "percent": self.percent,
        }


def seen_state(record: RevisionRecord, spec: EndpointSpec, status: EndpointStatus | None) -> str:
    """How far a revision has come, by its record and by what serves.

    A program that was killed after the switch leaves the record `pending`, until the next change settles it; what serves
    tells that the revision is ready.
    """
    if record.state is not RevisionState.PENDING or status is None:
        return record.state.value
    is_wanted = any(revision.number == record.number for revision in spec.revisions)
    serves = status.generation >= spec.generation and status.state in {"ready", "degraded"}
    return RevisionState.READY.value if is_wanted and serves else record.state.value


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint as it is wanted (`spec`) and as it is (`state`, `status`).

    `state` is `stopped` where no process lives, whatever was last written; else what the data plane says. `status` is `None` then.
    """

    name: str
    state: str
    spec: EndpointSpec
    status: EndpointStatus | None
    revisions: tuple[RevisionView, ...]
    created: datetime
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Where it listens."""
        return self.spec.listen.host

    @property
    def port(self) -> int:
        """The port it listens on: the bound one, else the wanted one."""
        bound = self.status.address if self.status else None
        return bound.port if bound else self.spec.listen.port

    @property
    def url(self) -> str:
        """`http://host:port` as a program of this machine reaches it."""
        return url_of(self.host, self.port)

    @property
    def traffic(self) -> dict[int, int]:
        """Percent by revision number."""
        return self.spec.traffic.as_dict()

    @property
    def main_revision(self) -> int:
        """The revision with the most traffic, the newest of equals."""
        return max(self.spec.traffic.percents, key=lambda share: (share[1], share[0]))[0]

    def to_json(self) -> dict[str, Any]:
        """The endpoint for programs; holds no key."""
        status = self.status
        return {
            "name": self.name,
            "url": self.url,
            "state": self.state,
            "generation": self.spec.generation,
            "serving_generation": status.generation if status else None,
            "revisions": [revision.to_json() for revision in self.revisions],
            "traffic": {str(number): percent for number, percent in self.traffic.items()},
            "pid": status.pid if status else None,
            "host": self.host,
            "port": self.port,
            "unix_socket": self.spec.listen.unix_socket,
            "keys_required": self.spec.keys.required,
            "restarts": status.restarts if status else 0,
            "warnings": list(status.warnings) if status else [],
            "decisions": list(status.decisions) if status else [],
            "error": status.error.message if status and status.error else None,
            "created": self.created.isoformat(),
            "description": self.description,
            "tags": dict(self.tags),
            "properties": dict(self.properties),
        }
