"""The endpoints of a workspace: their directories, their records, the target they run on."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from onnxport.bundle.build import directory_of
from onnxport.bundle.verify import read_manifest
from onnxport.domain.bundle import BundleManifest
from onnxport.domain.endpoint import EndpointSpec, Listen, Revision
from onnxport.registry.endpoints import EndpointRecords
from onnxport.registry.errors import DatabaseFailed, EndpointNotFound
from onnxport.service.endpoint.change import Changes
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.endpoint.errors import PortTaken
from onnxport.service.endpoint.ports import check_port, choose_port
from onnxport.service.endpoint.view import EndpointView, RevisionView, seen_state
from onnxport.target.interface import Target

_PORTS_LOCK = ".ports.lock"


def nobody_waits() -> None:
    """For callers that have nobody to tell that they wait."""


@dataclass(frozen=True, slots=True)
class EndpointStore:
    """Everything that services for endpoints work on; `root` is the workspace's folder."""

    root: Path
    records: EndpointRecords
    target: Target

    @property
    def bundles(self) -> Path:
        """The folder of bundles."""
        return self.root / "bundles"

    @property
    def changes(self) -> Changes:
        """How wanted states are applied."""
        return Changes(self.records, self.target)

    def directory(self, name: str) -> EndpointDirectory:
        """The directory of an endpoint, whether it exists or not."""
        return EndpointDirectory(self.root / "endpoints" / name)

    @contextmanager
    def changing(
        self, name: str, waiting: Callable[[], None] = nobody_waits
    ) -> Iterator[EndpointDirectory]:
        """An endpoint that is locked for a change, with earlier changes finished or undone.

        It may not exist: then its directory is empty, and gone afterwards unless something was written.
        """
        endpoint = self.directory(name)
        while True:
            with endpoint.locked(waiting):
                self.changes.settle(endpoint)
                if not endpoint.path.exists():
                    continue  # settling removed what a killed first deployment had left
                try:
                    yield endpoint
                finally:
                    if endpoint.is_blank():
                        self.changes.remove(endpoint)
                return

    @contextmanager
    def changing_existing(
        self, name: str, waiting: Callable[[], None] = nobody_waits
    ) -> Iterator[EndpointDirectory]:
        """The same for an endpoint that must exist; raises `EndpointNotFound`."""
        self.records.get(name)
        with self.changing(name, waiting) as endpoint:
            if endpoint.spec_if_any() is None:
                raise EndpointNotFound(name, [])
            yield endpoint

    @contextmanager
    def stopping(self, name: str) -> Iterator[EndpointDirectory]:
        """An endpoint that is locked in order to be stopped; raises `EndpointNotFound`.

        An earlier change is finished or undone if possible. On a full disk it is not, and stopping needs none of it: the next
        change settles it.
        """
        self.records.get(name)
        endpoint = self.directory(name)
        with endpoint.locked(nobody_waits):
            with contextlib.suppress(DatabaseFailed, OSError):
                self.changes.settle(endpoint)
            if endpoint.spec_if_any() is None:
                raise EndpointNotFound(name, [])
            yield endpoint

    def names(self) -> list[str]:
        """The names of all endpoints, sorted."""
        return [record.name for record in self.records.list()]

    def views(self) -> list[EndpointView]:
        """All endpoints that have a wanted state, by name."""
        views = []
        for name in self.names():
            try:
                views.append(self.view(name))
            except EndpointNotFound:  # deleted meanwhile, or a first deployment that has just begun
                continue
        return views

    def view(self, name: str) -> EndpointView:
        """One endpoint as it is wanted and as it is; raises `EndpointNotFound`."""
        record = self.records.get(name)
        directory = self.directory(name)
        spec = directory.spec_if_any()
        if spec is None:
            raise EndpointNotFound(name, [])
        running = self.target.is_running(directory.path)
        status = self.target.status(directory.path) if running else None
        state = "stopped" if not running else status.state if status else "starting"
        loaded = {revision.number for revision in spec.revisions}
        percents = spec.traffic.as_dict()
        revisions = tuple(
            RevisionView(
                revision.number,
                seen_state(revision, spec, status),
                tuple(f"models:/{model}/{version}" for model, version in revision.models),
                revision.digest,
                revision.created,
                revision.number in loaded,
                percents.get(revision.number, 0),
            )
            for revision in self.records.revisions(name)
        )
        labels = record.description, record.tags, record.properties
        return EndpointView(name, state, spec, status, revisions, record.created, *labels)

    def bundle_path(self, endpoint: EndpointDirectory, digest: str) -> str:
        """A bundle's directory as `endpoint.json` names it."""
        return endpoint.path_to(directory_of(self.bundles, digest))

    def manifest(self, revision: Revision) -> tuple[Path, BundleManifest]:
        """The bundle directory and the manifest of a revision; raises `BundleDamaged`."""
        directory = directory_of(self.bundles, revision.digest)
        return directory, read_manifest(directory)[0]

    def reserve_address(
        self, endpoint: EndpointDirectory, wanted: Listen, before: EndpointSpec | None
    ) -> Listen:
        """The address with a port that is free and kept for this endpoint; raises `PortTaken`."""
        running = before is not None and self.target.is_running(endpoint.path)
        held = before.listen if before is not None and running else None
        with self._ports_lock():
            others = self._reserved_ports(endpoint.name)
            if wanted.port in others:
                raise PortTaken(
                    wanted.host, wanted.port, "another endpoint of this workspace uses it"
                )
            if wanted.port == 0:
                wanted = Listen(
                    wanted.host,
                    choose_port(wanted.host, others),
                    wanted.unix_socket,
                    wanted.fronts,
                )
            elif held is None or held.port != wanted.port:
                check_port(wanted.host, wanted.port)
            endpoint.reserve_port(wanted.port)
        return wanted

    def _reserved_ports(self, but: str) -> set[int]:
        folders = (self.root / "endpoints").glob("[!.]*/")
        others = [EndpointDirectory(path) for path in folders if path.name != but]
        return {port for other in others for port in other.reserved_ports()}

    @contextmanager
    def _ports_lock(self) -> Iterator[None]:
        descriptor = os.open(self.root / "endpoints" / _PORTS_LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
