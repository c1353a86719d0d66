"""From scoring code to its bundle: inspect, register, environment, bundle. Nothing here touches what runs."""

from dataclasses import dataclass
from pathlib import Path

from onnxport.bundle.build import build_bundle
from onnxport.bundle.interface import SampleRequest, Scoring, ScoringCode
from onnxport.domain.model import ModelVersion
from onnxport.environment.store import EnvironmentStore
from onnxport.service.endpoint.revision_content import RevisionContent
from onnxport.service.model.chosen import DeploySources, registered_detail
from onnxport.service.progress import Progress
from onnxport.service.scoring.environment import EnvironmentFile, locked_environment
from onnxport.service.scoring.models import FoundModel, find_models, register_models
from onnxport.service.scoring.source import ScoringSource, read_scoring_code


@dataclass(frozen=True, slots=True)
class PreparedCode:
    """Scoring code that was looked at, with its models registered; `new` are those that were registered for it."""

    code: ScoringCode
    environment: EnvironmentFile
    models: tuple[ModelVersion, ...]
    new: tuple[ModelVersion, ...]


@dataclass(frozen=True, slots=True)
class ScoringBundles:
    """Makes bundles of scoring code; `root` is the workspace's folder."""

    root: Path
    sources: DeploySources
    environments: EnvironmentStore

    def prepare(self, source: ScoringSource, progress: Progress) -> PreparedCode:
        """Look at everything, then register what is new; raises whatever is wrong with what was given."""
        with progress.step("inspect") as step:
            environment = EnvironmentFile.read(source, self.environments.conda_names)
            code = read_scoring_code(source, environment.python, self.root)
            found = find_models(self.sources, source.models)
            step.detail = f"{code.entry_script}, {environment.summary}"
        return self.register(code, environment, found, progress)

    def register(
        self,
        code: ScoringCode,
        environment: EnvironmentFile,
        found: list[FoundModel],
        progress: Progress,
    ) -> PreparedCode:
        """Register the models that are new."""
        for notice in environment.notices:
            progress.notice(notice)
        with progress.step("register") as step:
            models = register_models(self.sources, found)
            new = [version for one, version in zip(found, models, strict=True) if one.known is None]
            again = any(one.known and one.model.version is None for one in found) and not new
            step.detail = registered_detail(models, used_again=again) if models else "no models"
        return PreparedCode(code, environment, tuple(models), tuple(new))

    def build(
        self, prepared: PreparedCode, sample: SampleRequest | None, progress: Progress
    ) -> RevisionContent:
        """Lock and build the environment, then the bundle.

        Raises:
            OnnxportError: the environment cannot be resolved or built; see `onnxport.environment.errors`.
        """
        with progress.step("environment") as step:

            def say(text: str) -> None:
                step.detail = text
                progress.notice(text)

            locked, place = locked_environment(self.environments, prepared.environment, say)
            step.detail = f"Python {locked.python}, {place}"
        with progress.step("bundle") as step:
            scoring = Scoring(prepared.code, locked)
            bundle = build_bundle(
                self.root / "bundles", prepared.models, self.sources.place, sample, scoring
            )
            step.detail = bundle.digest[:19]
        return RevisionContent(bundle, prepared.models, place)
