"""Deploying scoring code: inspect, register, environment, bundle, then `rollout`. Everything here changes nothing that runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onnxport.bundle.interface import SampleRequest
from onnxport.domain.names import check_endpoint_name
from onnxport.service.deployment.options import DeployOptions
from onnxport.service.deployment.result import Deployment
from onnxport.service.deployment.rollout import Rollout, plan_line, telling_what_stays
from onnxport.service.model.chosen import DeploySources, endpoint_name_from
from onnxport.service.progress import Progress
from onnxport.service.sample.input_file import read_raw
from onnxport.service.scoring.bundle import ScoringBundles
from onnxport.service.scoring.environment import EnvironmentFile
from onnxport.service.scoring.models import FoundModel, find_models
from onnxport.service.scoring.source import ScoringSource, read_scoring_code

_GENERIC = {"model", "code", "src", "source", "scripts", "app"}


@dataclass(frozen=True, slots=True)
class ScriptDeployer:
    """Deploys scoring code to the endpoints of one workspace."""

    rollout: Rollout
    sources: DeploySources

    def deploy(
        self,
        source: ScoringSource,
        name: str | None,
        sample: Path | None,
        options: DeployOptions,
        progress: Progress,
    ) -> Deployment:
        """Carry out the steps; see `Endpoints.deploy_script`."""
        options.check()
        options.check_script()
        environments = self.rollout.environments.environments()
        with progress.step("inspect") as step:
            environment = EnvironmentFile.read(source, environments.conda_names)
            code = read_scoring_code(source, environment.python, self.rollout.store.root)
            found = find_models(self.sources, source.models)
            name = check_endpoint_name(_default_name(source, found) if name is None else name)
            self.rollout.check(name, options)
            golden = None if sample is None else SampleRequest(*read_raw(sample), "user")
            step.detail = f"{code.entry_script}, {environment.summary}"
        bundles = ScoringBundles(self.rollout.store.root, self.sources, environments)
        prepared = bundles.register(code, environment, found, progress)
        with telling_what_stays(prepared.new):
            content = bundles.build(prepared, golden, progress)
            deployment = self.rollout.run(name, content, options, progress)
        return replace(deployment, registered=bool(prepared.new))

    def plan(self, source: ScoringSource, name: str | None, options: DeployOptions) -> list[str]:
        """What `deploy` would do; see `Endpoints.plan_script`."""
        options.check()
        options.check_script()
        names = self.rollout.environments.environments().conda_names
        environment = EnvironmentFile.read(source, names)
        code = read_scoring_code(source, environment.python, self.rollout.store.root)
        found = find_models(self.sources, source.models)
        name = check_endpoint_name(_default_name(source, found) if name is None else name)
        files = "1 file" if len(code.files) == 1 else f"{len(code.files)} files"
        return [
            plan_line("inspect", f"{code.entry_script} ({files})"),
            *(plan_line("register", one.plan) for one in found),
            plan_line("environment", environment.summary),
            plan_line("bundle", "one immutable directory of code, models, lock and any sample"),
            *self.rollout.plan(name, options),
        ]


def _default_name(source: ScoringSource, found: Sequence[FoundModel]) -> str:
    """The first model's name, else that of the script's folder; words that say nothing are passed over."""
    folder = source.script.expanduser().absolute().parent
    candidates = [*(one.model.name for one in found[:1]), folder.name, folder.parent.name]
    named = [text for text in candidates if text and text.lower() not in _GENERIC]
    return endpoint_name_from(named[0] if named else source.script.stem)
