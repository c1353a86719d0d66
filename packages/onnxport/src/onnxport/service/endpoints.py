"""The endpoints of a workspace, as the SDK offers them: `Workspace.endpoints`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from onnxport.domain.traffic import Traffic
from onnxport.registry.endpoints import EndpointRecords
from onnxport.service.ask_endpoint import ask_endpoint, send_to_endpoint
from onnxport.service.bundles import Bundles
from onnxport.service.conversion.options import ConvertOptions
from onnxport.service.deployment.conversion import DeployConversion
from onnxport.service.deployment.model import Deployer
from onnxport.service.deployment.options import DeployOptions
from onnxport.service.deployment.result import Deployment
from onnxport.service.deployment.rollout import Rollout
from onnxport.service.deployment.update import rotate_key, update_in_place
from onnxport.service.endpoint import log_text
from onnxport.service.endpoint.errors import NoEarlierRevision
from onnxport.service.endpoint.follow_log import follow
from onnxport.service.endpoint.outcomes import Outcome, for_each
from onnxport.service.endpoint.revision_environments import (
    RevisionEnvironments,
    Say,
    workspace_environments,
)
from onnxport.service.endpoint.revision_shares import RevisionShares
from onnxport.service.endpoint.score_request import ScoreAnswer
from onnxport.service.endpoint.store import EndpointStore
from onnxport.service.endpoint.view import EndpointView
from onnxport.service.model.chosen import DeploySources
from onnxport.service.model.models import Models
from onnxport.service.predict import Prediction, predict_once
from onnxport.service.progress import NoProgress, Progress
from onnxport.service.scoring.source import ScoringSource
from onnxport.target.find import find_target
from onnxport.target.interface import Target

if TYPE_CHECKING:
    from onnxport.environment.store import EnvironmentStore
    from onnxport.service.deployment.bundle import BundleDeployer

_NOTICE_AFTER_S = 1.0


class Endpoints:
    """Deploys, changes, asks and removes endpoints.

    Args:
        root: the workspace's folder.
        models: the registered models.
        records: the records of endpoints.
        target: where endpoints run; this machine where none is given.
        environments: makes the environments of scoring code; those of the workspace where none is given.
    """

    def __init__(
        self,
        root: Path,
        models: Models,
        records: EndpointRecords,
        target: Target | None = None,
        environments: "EnvironmentStore | None" = None,
    ) -> None:
        self._store = EndpointStore(root, records, target or find_target("process"))
        self._sources = DeploySources(models)
        self._environments = RevisionEnvironments(
            self._store, lambda: environments or workspace_environments(root)
        )
        self._rollout = Rollout(self._store, self._environments)
        self._shares = RevisionShares(self._store, self._environments)

    def deploy(
        self,
        model: str | Path,
        name: str | None = None,
        *,
        sample: str | Path | None = None,
        options: DeployOptions | None = None,
        convert: ConvertOptions | None = None,
        progress: Progress | None = None,
    ) -> Deployment:
        """Put a model behind an endpoint; an endpoint of this name gets a new revision, without losing a request.

        Args:
            model: an ONNX file, a folder with one, `models:/name/version`, or a model as another framework saved it, which is converted
                and proven first. Files are registered unless the newest version is the same.
            name: the endpoint's name; by default from the model's.
            sample: a file (`.json`, `.npy`, an image) that the model must answer before it gets traffic.
            options: where it listens, what it may use, its share of the traffic; what is not said stays as it was.
            convert: how a model of another framework is converted; `allow_unproven` also goes for ONNX models with a proof that failed.
            progress: shown the steps.

        Raises:
            NotProven, UnprovenModel: a conversion that is not shown to predict the same.
            RevisionFailed: the model does not load or does not answer the sample; what ran before still runs.
            OnnxportError: any other reason, each with its own class and a remedy.
        """
        return self._deployer().deploy(
            model,
            name,
            None if sample is None else Path(sample),
            options or DeployOptions(),
            convert or ConvertOptions(),
            progress or NoProgress(),
        )

    def plan(
        self,
        model: str | Path,
        name: str | None = None,
        *,
        options: DeployOptions | None = None,
        convert: ConvertOptions | None = None,
    ) -> Sequence[str]:
        """What `deploy` would do, as sentences; nothing is changed."""
        return self._deployer().plan(
            model, name, options or DeployOptions(), convert or ConvertOptions()
        )

    def _deployer(self) -> Deployer:
        return Deployer(self._rollout, self._sources, DeployConversion(self._sources.models))

    def deploy_script(
        self,
        script: str | Path,
        *,
        env: str | Path | None = None,
        models: Sequence[str | Path] = (),
        source_dir: str | Path | None = None,
        python: str | None = None,
        sample: str | Path | None = None,
        name: str | None = None,
        options: DeployOptions | None = None,
        progress: Progress | None = None,
    ) -> Deployment:
        """Put scoring code behind an endpoint, in its own interpreter and packages; the rest is as with `deploy`.

        Args:
            script: a Python file that defines `init()` and `run(data)`.
            env: a conda file or a requirements file.
            models: what the script uses: files and folders of any framework, `NAME=PATH`, or `models:/name/version`.
            source_dir: the folder that the script belongs to, taken whole.
            python: the Python version, such as `3.8`; by default what `env` says, else the one that runs onnxport.
            sample: a file that `run` must answer before the revision gets traffic; sent as it is.
            name: the endpoint's name; by default the first model's, else that of the script's folder.
            options: where it listens, what it may use, its share of the traffic; what is not said stays as it was.
            progress: shown the steps.

        Raises:
            RevisionFailed: `init` raises, or the sample is not answered; what ran before still runs.
            OnnxportError: any other reason, each with its own class and a remedy.
        """
        from onnxport.service.deployment.script import ScriptDeployer

        return ScriptDeployer(self._rollout, self._sources).deploy(
            ScoringSource.of(script, env, models, source_dir, python),
            name,
            None if sample is None else Path(sample),
            options or DeployOptions(),
            progress or NoProgress(),
        )

    def plan_script(
        self,
        script: str | Path,
        *,
        env: str | Path | None = None,
        models: Sequence[str | Path] = (),
        source_dir: str | Path | None = None,
        python: str | None = None,
        name: str | None = None,
        options: DeployOptions | None = None,
    ) -> Sequence[str]:
        """What `deploy_script` would do, as sentences; nothing is changed and nothing fetched."""
        from onnxport.service.deployment.script import ScriptDeployer

        source = ScoringSource.of(script, env, models, source_dir, python)
        deployer = ScriptDeployer(self._rollout, self._sources)
        return deployer.plan(source, name, options or DeployOptions())

    def deploy_bundle(
        self,
        bundle: str,
        name: str | None = None,
        *,
        options: DeployOptions | None = None,
        progress: Progress | None = None,
    ) -> Deployment:
        """Put a bundle that is in the workspace behind an endpoint; the rest is as with `deploy`.

        Args:
            bundle: a digest or its beginning, an endpoint, or `endpoint/revision`; `Workspace.images` and `Workspace.bundles` have them.
            name: the endpoint's name; by default from the bundle's first model.
            options: where it listens, what it may use, its share of the traffic; what is not said stays as it was.
            progress: shown the steps.

        Raises:
            BundleNotFound: there is no such bundle.
            RevisionFailed: it does not start, or its sample is not answered; what ran before still runs.
            OnnxportError: any other reason, each with its own class and a remedy.
        """
        return self._bundle_deployer().deploy(
            bundle, name, options or DeployOptions(), progress or NoProgress()
        )

    def plan_bundle(
        self, bundle: str, name: str | None = None, *, options: DeployOptions | None = None
    ) -> Sequence[str]:
        """What `deploy_bundle` would do, as sentences; nothing is changed."""
        return self._bundle_deployer().plan(bundle, name, options or DeployOptions())

    def _bundle_deployer(self) -> "BundleDeployer":
        from onnxport.service.deployment.bundle import BundleDeployer

        bundles = Bundles(self._store.root, self._store.records)
        return BundleDeployer(self._rollout, bundles, self._sources.models)

    def update(
        self, name: str, options: DeployOptions, *, progress: Progress | None = None
    ) -> EndpointView:
        """Change what is said, and leave the rest: labels, keys and limits at once, anything else by a new revision of the same bundle.

        Raises:
            EndpointNotFound: there is no such endpoint.
            RevisionFailed: the new revision does not start; what ran before still runs.
        """
        self._store.records.get(name)
        if options.needs_revision:
            return self.deploy_bundle(name, name, options=options, progress=progress).endpoint
        update_in_place(self._store, name, options)
        return self._store.view(name)

    def list(self) -> Sequence[EndpointView]:
        """All endpoints by name."""
        return self._store.views()

    def get(self, name: str) -> EndpointView:
        """One endpoint; raises `EndpointNotFound`."""
        return self._store.view(name)

    def traffic(
        self, name: str, percents: Mapping[int, int], *, progress: Progress | None = None
    ) -> EndpointView:
        """Share the traffic among revisions; those that are not loaded are loaded first, those not named are unloaded.

        Args:
            name: the endpoint.
            percents: whole percents by revision number.
            progress: told what takes its time, such as an environment that is built again.

        Raises:
            InvalidTraffic: the percents do not sum to 100.
            RevisionNotFound, RevisionNotReady: a revision that cannot get traffic.
            RevisionFailed: a revision does not load any more; the traffic is as it was.
        """
        traffic = Traffic.of(percents)
        with self._store.changing_existing(name) as endpoint:
            self._shares.give(endpoint, traffic, _notice(progress))
        return self._store.view(name)

    def rollback(
        self, name: str, to: int | None = None, *, progress: Progress | None = None
    ) -> EndpointView:
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
                ready = self._shares.ready(name)
                to = max((number for number in ready if number < current), default=None)
                if to is None:
                    raise NoEarlierRevision(name, current)
            self._shares.give(endpoint, Traffic.all_to(to), _notice(progress))
        return self._store.view(name)

    def keys(self, name: str) -> dict[str, str]:
        """The endpoint's keys by name (`primary`, `secondary`); secret. Raises `EndpointNotFound`."""
        self._store.view(name)
        return self._store.directory(name).keys()

    def rotate_key(self, name: str, which: str, key: str | None = None) -> dict[str, str]:
        """Make a new primary or secondary key, in force at once and without a restart; the old one ends.

        Args:
            name: the endpoint.
            which: `primary` or `secondary`.
            key: the new key, 16 or more letters, digits and `-._~+/=`; a random one where none is given.
        """
        return rotate_key(self._store, name, which, key)

    def restart(self, name: str, *, progress: Progress | None = None) -> EndpointView:
        """Stop an endpoint, in-flight requests finished, and start it again."""
        with self._store.changing_existing(name) as endpoint:
            self._shares.ensure_environments(endpoint, _notice(progress))
            self._store.changes.stop(endpoint)
            self._store.changes.start(endpoint)
        return self._store.view(name)

    def delete(self, name: str) -> None:
        """Stop an endpoint and remove it; its models stay registered."""
        with self._store.changing_existing(name) as endpoint:
            self._store.changes.remove(endpoint)

    def up(
        self, names: Sequence[str] = (), *, progress: Progress | None = None
    ) -> Sequence[Outcome]:
        """Start these endpoints, or all of the workspace; those that run already are let be.

        Args:
            names: the endpoints; all where none is named.
            progress: told what takes its time, such as an environment that is built again.
        """
        say = _notice(progress)
        return for_each(self._store, names, lambda name: self._up(name, say))

    def down(
        self, names: Sequence[str] = (), *, progress: Progress | None = None
    ) -> Sequence[Outcome]:
        """Stop these endpoints, or all of the workspace, in-flight requests finished.

        Args:
            names: the endpoints; all where none is named.
            progress: told which endpoints take their time.
        """
        say = _notice(progress)
        return for_each(self._store, names, lambda name: self._down(name, say))

    def logs(self, name: str, lines: int = 100, *, readable: bool = False) -> Sequence[str]:
        """The last lines of the endpoint's log, oldest first; `readable` for people, else as they are."""
        self._store.records.get(name)
        found = self._store.target.logs(self._store.directory(name).path, lines)
        return [log_text.readable(line) for line in found] if readable else found

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
            return ask_endpoint(self._store, str(what), Path(sample))
        return predict_once(self._sources, what, Path(sample))

    def score(
        self, name: str, body: bytes, *, content_type: str = "application/json"
    ) -> ScoreAnswer:
        """The answer of a running endpoint to a request body, sent as it is and with a key; whatever its status.

        Raises:
            EndpointStopped, EndpointUnreachable: there is no answer.
        """
        return send_to_endpoint(self._store, name, body, content_type)

    def _up(self, name: str, say: Say) -> None:
        with self._store.changing_existing(name) as endpoint:
            if not self._store.target.is_running(endpoint.path):
                self._shares.ensure_environments(endpoint, say)
            self._store.changes.start(endpoint)

    def _down(self, name: str, say: Say) -> None:
        text = f"stopping {name} (waiting for requests in flight)"
        with self._store.stopping(name) as endpoint, _noticed_late(say, text):
            self._store.changes.stop(endpoint)


def _notice(progress: Progress | None) -> Say:
    return (progress or NoProgress()).notice


@contextmanager
def _noticed_late(notice: Say, text: str) -> Iterator[None]:
    """Give notice of what is under way, once and only where it takes its time."""
    timer = Timer(_NOTICE_AFTER_S, notice, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
