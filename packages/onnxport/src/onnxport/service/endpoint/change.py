"""Changing the wanted state of an endpoint: the old state is back when the new one does not serve, also after a crash.

Every change goes `journal -> endpoint.json -> wait for the data plane -> journal away`. A journal that is found later belongs to a change
whose program was killed: `settle` finishes or undoes it. Callers hold the endpoint's lock.
"""

import contextlib
import time
from dataclasses import dataclass, replace

from onnxport.domain.endpoint import EndpointSpec
from onnxport.domain.status import EndpointStatus
from onnxport.errors import OnnxportError
from onnxport.registry.endpoints import EndpointRecords, RevisionState
from onnxport.registry.errors import EndpointNotFound
from onnxport.service.endpoint.directory import EndpointDirectory, Journal
from onnxport.service.endpoint.errors import NotServingInTime, RevisionFailed
from onnxport.service.endpoint.keys import accepted_keys
from onnxport.target.interface import StartFailed, Target

_POLL_S = 0.02
_NOTICE_S = 20.0
_LOAD_S = 900.0
_ABANDONED_S = 5.0
"""How long a change may still take whose program was killed: nobody waits for it any more, and others do."""
_DRAIN_MARGIN_S = 5.0
_LOG_LINES = 12


@dataclass(frozen=True, slots=True)
class Changes:
    """Applies wanted states to endpoints of one workspace on one target."""

    records: EndpointRecords
    target: Target

    def apply(
        self,
        endpoint: EndpointDirectory,
        wanted: EndpointSpec,
        *,
        revision: int | None = None,
        start: bool = False,
    ) -> EndpointStatus | None:
        """Make `wanted` the state of the endpoint, and wait until it serves.

        Args:
            endpoint: the endpoint, locked and settled.
            wanted: the next state; its generation is the present one plus one.
            revision: the revision that this change adds; marked ready or failed.
            start: start the endpoint where it is stopped; else the state is written for its next start.

        Returns:
            What the data plane said, or `None` where the endpoint is stopped and stays so.

        Raises:
            RevisionFailed: the data plane refused it; the previous state is back.
            StartFailed, NotServingInTime: the process ended or does not answer; the previous state is back.
        """
        running = self.target.is_running(endpoint.path)
        journal = Journal(endpoint.spec_if_any(), revision, running)
        endpoint.begin(journal)
        try:
            endpoint.write_spec(wanted)
            status = None
            if running:
                self.target.notify(endpoint.path)
            elif start:
                self.target.start(endpoint.path)
            if running or start:
                status = self._wait(endpoint, wanted, journal)
        except BaseException:
            self._undo(endpoint, journal)
            raise
        self._finish(endpoint, journal)
        return status

    def settle(self, endpoint: EndpointDirectory) -> None:
        """Finish or undo a change whose program was killed; bring the accepted keys in line with the keys."""
        if not self._is_recorded(endpoint):
            if (
                not endpoint.is_blank()
            ):  # its removal was cut off; a supervisor may even have come up late
                self.remove(endpoint)
            return
        journal = endpoint.journal()
        if journal is not None:
            self._settle_change(endpoint, journal)
        self._fail_abandoned(endpoint)
        spec = endpoint.spec_if_any()
        accepted = accepted_keys(endpoint.keys())
        if spec is not None and accepted and spec.keys.accepted != accepted:
            keys = replace(spec.keys, accepted=accepted)
            self.apply(endpoint, replace(spec, generation=spec.generation + 1, keys=keys))

    def start(self, endpoint: EndpointDirectory) -> EndpointStatus:
        """Start a settled endpoint and wait until it serves its wanted state; nothing where it does already."""
        running = self.target.is_running(endpoint.path)
        spec = endpoint.spec()
        try:
            self.target.start(endpoint.path)
            return self._wait(endpoint, spec, Journal(spec, None, running))
        except BaseException:
            if not running:
                self.stop(endpoint)
            raise

    def stop(self, endpoint: EndpointDirectory) -> None:
        """Stop an endpoint; requests in flight may take as long as its limits let them."""
        spec = endpoint.spec_if_any()
        timeout_s = _DRAIN_MARGIN_S + (spec.limits.request_timeout_s if spec else 0)
        self.target.stop(endpoint.path, timeout_s)

    def remove(self, endpoint: EndpointDirectory) -> None:
        """Stop an endpoint and remove every trace of it."""
        self.stop(endpoint)
        with contextlib.suppress(EndpointNotFound):
            self.records.delete(endpoint.name)
        endpoint.remove()

    def _is_recorded(self, endpoint: EndpointDirectory) -> bool:
        try:
            self.records.get(endpoint.name)
        except EndpointNotFound:
            return False
        return True

    def _fail_abandoned(self, endpoint: EndpointDirectory) -> None:
        """Revisions that got a number and nothing more: their program was killed before it began the change."""
        with contextlib.suppress(EndpointNotFound):
            for revision in self.records.revisions(endpoint.name):
                if revision.state is RevisionState.PENDING:
                    self.records.set_revision_state(endpoint.name, revision.number, "failed")

    def _settle_change(self, endpoint: EndpointDirectory, journal: Journal) -> None:
        spec = endpoint.spec_if_any()
        written = spec is not None and spec != journal.previous
        if spec is None or not written or not self.target.is_running(endpoint.path):
            self._undo(endpoint, journal)
            return
        try:
            self._wait(endpoint, spec, journal, _ABANDONED_S)
        except OnnxportError:
            self._undo(endpoint, journal)
        else:
            self._finish(endpoint, journal)

    def _finish(self, endpoint: EndpointDirectory, journal: Journal) -> None:
        if journal.revision is not None:
            self.records.set_revision_state(endpoint.name, journal.revision, "ready")
        endpoint.end()

    def _undo(self, endpoint: EndpointDirectory, journal: Journal) -> None:
        if journal.previous is None:
            self.remove(endpoint)
            return
        if journal.revision is not None:
            self.records.set_revision_state(endpoint.name, journal.revision, "failed")
        spec = endpoint.spec()
        if spec != journal.previous:
            endpoint.write_spec(replace(journal.previous, generation=spec.generation + 1))
        if not journal.was_running:
            self.stop(endpoint)
        elif self.target.is_running(endpoint.path):
            self.target.notify(endpoint.path)
            with contextlib.suppress(OnnxportError):  # the change's own error is the one to tell
                self._wait(endpoint, endpoint.spec(), journal)
        endpoint.end()

    def _wait(
        self,
        endpoint: EndpointDirectory,
        wanted: EndpointSpec,
        journal: Journal,
        load_s: float = _LOAD_S,
    ) -> EndpointStatus:
        """Look at the status until the wanted generation serves."""
        began = time.monotonic()
        while True:
            alive = self.target.is_running(endpoint.path)  # first, so that a last word is heard
            status = self.target.status(endpoint.path)
            if status is not None and status.error is not None:
                if status.error.generation >= wanted.generation:
                    raise RevisionFailed(
                        endpoint.name, _what(journal), status.error, _outcome(journal)
                    )
            elif status is not None and _serves(status, wanted.generation):
                return status
            if not alive:
                raise self._ended(endpoint)
            noticed = status is not None and status.attempted >= wanted.generation
            timeout_s = load_s if noticed else _NOTICE_S
            if time.monotonic() - began > timeout_s:
                raise NotServingInTime(endpoint.name, timeout_s)
            time.sleep(_POLL_S)

    def _ended(self, endpoint: EndpointDirectory) -> StartFailed:
        tail = tuple(self.target.logs(endpoint.path, _LOG_LINES))
        why = "its process ended while it loaded"
        remedy = "Read the log lines; see what this machine lacks with: onnxport doctor"
        return StartFailed(endpoint.name, why, remedy, tail)


def _serves(status: EndpointStatus, generation: int) -> bool:
    return status.generation >= generation and status.state in {"ready", "degraded"}


def _what(journal: Journal) -> str:
    return "the wanted state" if journal.revision is None else f"revision {journal.revision}"


def _outcome(journal: Journal) -> str:
    if journal.previous is None:
        return "nothing was deployed"
    if not journal.was_running:
        return "it stays stopped"
    serving = [str(number) for number, percent in journal.previous.traffic.percents if percent > 0]
    return f"revision {' and '.join(serving)} keeps serving"
