"""The endpoints of a workspace, as the SDK offers them: `Workspace.endpoints`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from http import HTTPStatus
from pathlib import Path
from threading import Timer
from typing import Any

from onnxport.domain.endpoint import EndpointSpec, Revision
from onnxport.domain.resources import Resources, RunSettings
from onnxport.domain.traffic import Traffic
from onnxport.errors import OnnxportError
from onnxport.registry.endpoints import EndpointRecords, RevisionRecord, RevisionState
from onnxport.registry.errors import EndpointNotFound, RevisionNotFound
from onnxport.service.deploy import Deployer, Deployment
from onnxport.service.deploy_options import DeployOptions
from onnxport.service.deploy_source import DeploySources
from onnxport.service.endpoint_directory import EndpointDirectory
from onnxport.service.endpoint_errors import (
    EndpointStopped,
    InvalidOption,
    NoEarlierRevision,
    RevisionNotReady,
)
from onnxport.service.endpoint_store import EndpointStore
from onnxport.service.endpoint_view import EndpointView
from onnxport.service.follow_log import follow
from onnxport.service.keys import KEY_NAMES, accepted_keys, new_key, new_keys
from onnxport.service.models import Models
from onnxport.service.predict import Prediction, predict_once
from onnxport.service.progress import NoProgress, Progress
from onnxport.service.sample_input import read_sample
from onnxport.service.score_request import EndpointUnreachable, RequestRefused, send_score
from onnxport.target.find import find_target
from onnxport.target.interface import Target

_AT_ONCE = 4
_ANSWER_MARGIN_S = 10.0
_NOTICE_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What starting or stopping one endpoint came to; `error` is `None` where it worked."""

    name: str
    state: str
    url: str | None
    error: OnnxportError | None

    def to_json(self) -> dict[str, Any]:
        """The outcome for programs."""
        error = None
        if self.error is not None:
            error = {
                "code": self.error.code,
                "message": self.error.message,
                "remedy": self.error.remedy,
            }
        return {"name": self.name, "state": self.state, "url": self.url, "error": error}


class Endpoints:
    """Deploys, changes, asks and removes endpoints.

    Args:
        root: the workspace's folder.
        models: the registered models.
        records: the records of endpoints.
        target: where endpoints run; this machine where none is given.
    """

    def __init__(
        self, root: Path, models: Models, records: EndpointRecords, target: Target | None = None
    ) -> None:
        self._store = EndpointStore(root, records, target or find_target("process"))
        self._sources = DeploySources(models)

    def deploy(
        self,
        model: str | Path,
        name: str | None = None,
        *,
        sample: str | Path | None = None,
        options: DeployOptions | None = None,
        progress: Progress | None = None,
    ) -> Deployment:
        """Put a model behind an endpoint; an endpoint of this name gets a new revision, without losing a request.

        Args:
            model: an ONNX file, a folder with one, or `models:/name/version`. A file is registered unless the newest version is the same.
            name: the endpoint's name; by default from the model's.
            sample: a file (`.json`, `.npy`, an image) that the model must answer before it gets traffic.
            options: where it listens, what it may use, its share of the traffic; what is not said stays as it was.
            progress: shown the steps.

        Raises:
            RevisionFailed: the model does not load or does not answer the sample; what ran before still runs.
            OnnxportError: any other reason, each with its own class and a remedy.
        """
        deployer = Deployer(self._store, self._sources)
        return deployer.deploy(
            model,
            name,
            None if sample is None else Path(sample),
            options or DeployOptions(),
            progress or NoProgress(),
        )

    def plan(
        self, model: str | Path, name: str | None = None, *, options: DeployOptions | None = None
    ) -> Sequence[str]:
        """What `deploy` would do, as sentences; nothing is changed."""
        return Deployer(self._store, self._sources).plan(model, name, options or DeployOptions())

    def list(self) -> Sequence[EndpointView]:
        """All endpoints by name."""
        return self._store.views()

    def get(self, name: str) -> EndpointView:
        """One endpoint; raises `EndpointNotFound`."""
        return self._store.view(name)

    def traffic(self, name: str, percents: Mapping[int, int]) -> EndpointView:
        """Share the traffic among revisions; those that are not loaded are loaded first, those not named are unloaded.

        Raises:
            InvalidTraffic: the percents do not sum to 100.
            RevisionNotFound, RevisionNotReady: a revision that cannot get traffic.
            RevisionFailed: a revision does not load any more; the traffic is as it was.
        """
        traffic = Traffic.of(percents)
        with self._store.changing_existing(name) as endpoint:
            self._share(endpoint, traffic)
        return self._store.view(name)

    def rollback(self, name: str, to: int | None = None) -> EndpointView:
        """Give all traffic to an earlier revision: `to`, or the newest ready one before the newest that gets any.

        A revision that is being tried with a share of the traffic is thereby taken back too.

        Raises:
            NoEarlierRevision: there is none.
            RevisionNotFound, RevisionNotReady, RevisionFailed: as `traffic`.
        """
        with self._store.changing_existing(name) as endpoint:
            if to is None:
                shares = self._store.view(name).traffic
                current = max(number for number, percent in shares.items() if percent)
                ready = self._ready(name)
                to = max((number for number in ready if number < current), default=None)
                if to is None:
                    raise NoEarlierRevision(name, current)
            self._share(endpoint, Traffic.all_to(to))
        return self._store.view(name)

    def keys(self, name: str) -> dict[str, str]:
        """The endpoint's keys by name (`primary`, `secondary`); secret. Raises `EndpointNotFound`."""
        self._store.view(name)
        return self._store.directory(name).keys()

    def rotate_key(self, name: str, which: str) -> dict[str, str]:
        """Make a new primary or secondary key, in force at once and without a restart; the old one ends."""
        if which not in KEY_NAMES:
            raise InvalidOption("the key to rotate", "one of " + ", ".join(KEY_NAMES))
        with self._store.changing_existing(name) as endpoint:
            before = endpoint.keys() or new_keys()
            keys = {**before, which: new_key()}
            spec = _next(endpoint.spec())
            endpoint.write_keys(keys)
            try:
                policy = replace(spec.keys, accepted=accepted_keys(keys))
                self._store.changes.apply(endpoint, replace(spec, keys=policy))
            except BaseException:
                endpoint.write_keys(before)
                raise
        return keys

    def restart(self, name: str) -> EndpointView:
        """Stop an endpoint, in-flight requests finished, and start it again."""
        with self._store.changing_existing(name) as endpoint:
            self._store.changes.stop(endpoint)
            self._store.changes.start(endpoint)
        return self._store.view(name)

    def delete(self, name: str) -> None:
        """Stop an endpoint and remove it; its models stay registered."""
        with self._store.changing_existing(name) as endpoint:
            self._store.changes.remove(endpoint)

    def up(self, names: Sequence[str] = ()) -> Sequence[Outcome]:
        """Start these endpoints, or all of the workspace; those that run already are let be."""
        return self._for_each(names, self._up)

    def down(
        self, names: Sequence[str] = (), *, progress: Progress | None = None
    ) -> Sequence[Outcome]:
        """Stop these endpoints, or all of the workspace, in-flight requests finished.

        Args:
            names: the endpoints; all where none is named.
            progress: told which endpoints take their time.
        """
        notice = (progress or NoProgress()).notice
        return self._for_each(names, lambda name: self._down(name, notice))

    def logs(self, name: str, lines: int = 100) -> Sequence[str]:
        """The last lines of the endpoint's log, oldest first."""
        self._store.records.get(name)
        return self._store.target.logs(self._store.directory(name).path, lines)

    def follow_logs(self, name: str, lines: int = 100) -> Iterator[str]:
        """The last lines of the log, then further ones as they come, without end."""
        self._store.records.get(name)
        return follow(self._store.directory(name).path / "logs" / "endpoint.log", lines)

    def predict(self, what: str | Path, sample: str | Path) -> Prediction:
        """The answer to one input file, of a running endpoint (by name), a registered version or a model file.

        Raises:
            RequestRefused: the input does not fit.
            EndpointStopped, EndpointUnreachable: the endpoint does not answer.
        """
        if str(what) in self._store.names():
            return self._ask(str(what), Path(sample))
        return predict_once(self._sources, what, Path(sample))

    def _ask(self, name: str, sample: Path) -> Prediction:
        view = self._store.view(name)
        if view.state == "stopped":
            raise EndpointStopped(name)
        main = next(one for one in view.spec.revisions if one.number == view.main_revision)
        signature = self._store.manifest(main)[1].signature
        assert signature is not None
        body, content_type = read_sample(sample, signature)
        key = self._store.directory(name).keys().get("primary")
        timeout_s = view.spec.limits.request_timeout_s + _ANSWER_MARGIN_S
        answer = send_score(name, view.url, body, content_type, key=key, timeout_s=timeout_s)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise EndpointUnreachable(name, answer.message)
        if answer.status != HTTPStatus.OK:
            remedy = f"Compare the input with the contract at {view.url}/docs"
            raise RequestRefused(f"endpoint '{name}'", answer.message, remedy)
        return Prediction(answer.content_type, answer.body)

    def _share(self, endpoint: EndpointDirectory, traffic: Traffic) -> None:
        spec = _next(endpoint.spec())
        loaded = {revision.number: revision for revision in spec.revisions}
        revisions = tuple(
            loaded.get(number) or self._stored_revision(endpoint, number)
            for number, _ in traffic.percents
        )
        self._store.changes.apply(endpoint, replace(spec, revisions=revisions, traffic=traffic))

    def _stored_revision(self, endpoint: EndpointDirectory, number: int) -> Revision:
        records = {record.number: record for record in self._store.records.revisions(endpoint.name)}
        if number not in records:
            raise RevisionNotFound(endpoint.name, number, list(records))
        record = records[number]
        if record.state is not RevisionState.READY:
            raise RevisionNotReady(endpoint.name, number, self._ready(endpoint.name))
        return _revision(record, self._store.bundle_path(endpoint, record.digest))

    def _ready(self, name: str) -> Sequence[int]:
        records = self._store.records.revisions(name)
        return [record.number for record in records if record.state is RevisionState.READY]

    def _up(self, name: str) -> None:
        with self._store.changing_existing(name) as endpoint:
            self._store.changes.start(endpoint)

    def _down(self, name: str, notice: Callable[[str], None]) -> None:
        text = f"stopping {name} (waiting for requests in flight)"
        with self._store.stopping(name) as endpoint, _noticed_late(notice, text):
            self._store.changes.stop(endpoint)

    def _for_each(self, names: Sequence[str], act: Callable[[str], None]) -> Sequence[Outcome]:
        known = self._store.names()
        for name in names:
            if name not in known:
                raise EndpointNotFound(name, get_close_matches(name, known))

        def one(name: str) -> Outcome:
            try:
                act(name)
                view = self._store.view(name)
            except EndpointNotFound as error:
                return Outcome(name, "deleted", None, error if names else None)
            except OnnxportError as error:
                return Outcome(name, "failed", None, error)
            return Outcome(name, view.state, view.url, None)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(one, dict.fromkeys(names or known)))


@contextmanager
def _noticed_late(notice: Callable[[str], None], text: str) -> Iterator[None]:
    """Give notice of what is under way, once and only where it takes its time."""
    timer = Timer(_NOTICE_AFTER_S, notice, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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
