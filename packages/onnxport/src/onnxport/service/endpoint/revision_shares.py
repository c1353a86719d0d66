"""Sharing the traffic of an endpoint among its revisions, with those loaded that get any."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from onnxport.domain.endpoint import EndpointSpec, Revision
from onnxport.domain.resources import Resources, RunSettings
from onnxport.domain.traffic import Traffic
from onnxport.registry.endpoints import RevisionRecord, RevisionState
from onnxport.registry.errors import RevisionNotFound
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.endpoint.errors import RevisionNotReady
from onnxport.service.endpoint.revision_environments import RevisionEnvironments, Say
from onnxport.service.endpoint.store import EndpointStore


@dataclass(frozen=True, slots=True)
class RevisionShares:
    """The revisions of endpoints of one workspace, and what each gets; callers hold the endpoint's lock."""

    store: EndpointStore
    environments: RevisionEnvironments

    def give(self, endpoint: EndpointDirectory, traffic: Traffic, say: Say) -> None:
        """Let this be the traffic; raises `RevisionNotFound`, `RevisionNotReady` or `RevisionFailed`."""
        spec = _next(endpoint.spec())
        loaded = {revision.number: revision for revision in spec.revisions}
        revisions = tuple(
            loaded.get(number) or self._stored(endpoint, number, say)
            for number, _ in traffic.percents
        )
        wanted = replace(spec, revisions=revisions, traffic=traffic)
        wanted = self.environments.ensure_all(endpoint, wanted, say)
        self.store.changes.apply(endpoint, wanted)

    def ready(self, name: str) -> Sequence[int]:
        """The numbers of the revisions that may get traffic."""
        records = self.store.records.revisions(name)
        return [record.number for record in records if record.state is RevisionState.READY]

    def ensure_environments(self, endpoint: EndpointDirectory, say: Say) -> None:
        """Build again what is missing; the wanted state names them where they are now."""
        spec = endpoint.spec()
        ready = self.environments.ensure_all(endpoint, spec, say)
        if ready != spec:
            self.store.changes.apply(endpoint, _next(ready))

    def _stored(self, endpoint: EndpointDirectory, number: int, say: Say) -> Revision:
        records = {record.number: record for record in self.store.records.revisions(endpoint.name)}
        if number not in records:
            raise RevisionNotFound(endpoint.name, number, list(records))
        record = records[number]
        if record.state is not RevisionState.READY:
            raise RevisionNotReady(endpoint.name, number, self.ready(endpoint.name))
        revision = _revision(record, self.store.bundle_path(endpoint, record.digest))
        return self.environments.ensure(endpoint, revision, say)


def _next(spec: EndpointSpec) -> EndpointSpec:
    return replace(spec, generation=spec.generation + 1)


def _revision(record: RevisionRecord, bundle: str) -> Revision:
    settings = dict(record.settings)
    settings["providers"] = tuple(settings["providers"])
    return Revision(
        record.number,
        record.digest,
        bundle,
        Resources(**record.resources),
        RunSettings(**settings),
    )
