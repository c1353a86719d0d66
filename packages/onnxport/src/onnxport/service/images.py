"""The images of a workspace, as the SDK offers them: `Workspace.images`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onnxport.domain.image import Image, ImageState
from onnxport.domain.names import check_image_name
from onnxport.errors import OnnxportError
from onnxport.registry.images import ImageRecords
from onnxport.service.endpoint.revision_environments import workspace_environments
from onnxport.service.labels import Labels, given_labels
from onnxport.service.model.chosen import DeploySources
from onnxport.service.model.models import Models
from onnxport.service.progress import NoProgress, Progress, StepDetail
from onnxport.service.scoring.bundle import ScoringBundles
from onnxport.service.scoring.source import ScoringSource

if TYPE_CHECKING:
    from onnxport.environment.store import EnvironmentStore


class Images:
    """Builds scoring code with its models and environment once, under a name and a number, to be deployed by digest.

    Args:
        root: the workspace's folder.
        models: the registered models.
        records: the records of images.
        environments: makes the environments of scoring code; those of the workspace where none is given.
    """

    def __init__(
        self,
        root: Path,
        models: Models,
        records: ImageRecords,
        environments: "EnvironmentStore | None" = None,
    ) -> None:
        self._root = root
        self._sources = DeploySources(models)
        self._records = records
        self._environments = environments

    def create(
        self,
        name: str,
        script: str | Path,
        *,
        env: str | Path,
        models: Sequence[str | Path] = (),
        source_dir: str | Path | None = None,
        python: str | None = None,
        description: str | None = None,
        tags: Labels | None = None,
        properties: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Image:
        """Build the next version of an image: models registered, environment locked and built, bundle made. Nothing is started.

        An environment that cannot be made is recorded too: the image's state is `failed` then, and its log says why.

        Args:
            name: the image's name.
            script: a Python file that defines `init()` and `run(data)`.
            env: a conda file or a requirements file.
            models: what the script uses, as with `Endpoints.deploy_script`.
            source_dir: the folder that the script belongs to, taken whole.
            python: the Python version; by default what `env` says.
            description: what people should know about it.
            tags: labels that may change later.
            properties: further labels.
            progress: shown the steps.

        Raises:
            OnnxportError: the script, a model or the environment file cannot be read; nothing is recorded.
        """
        check_image_name(name)
        labels = given_labels(description, tags, properties)
        source = ScoringSource.of(script, env, models, source_dir, python)
        environments = self._environments or workspace_environments(self._root)
        bundles = ScoringBundles(self._root, self._sources, environments)
        log = _Log(progress or NoProgress())
        prepared = bundles.prepare(source, log)
        versions = tuple((one.name, one.version) for one in prepared.models)
        try:
            content = bundles.build(prepared, None, log)
        except OnnxportError as error:
            text = log.ended(f"failed: {error.message}", error.remedy)
            state, digest = ImageState.FAILED, None
        else:
            digest = content.bundle.digest
            text, state = log.ended(f"bundle {digest}"), ImageState.READY
        return self._records.add(
            name, state=state, log=text, digest=digest, models=versions, labels=labels
        )

    def get(self, name: str, version: int | None = None) -> Image:
        """One version, the newest where none is named; raises `ImageNotFound`."""
        return self._records.get(name, version)

    def list(self, name: str | None = None) -> Sequence[Image]:
        """All versions by name and number, or those of one image."""
        return self._records.list(name)

    def update(
        self,
        name: str,
        version: int,
        *,
        description: str | None = None,
        tags: Labels | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Image:
        """Replace the labels that are given; raises `ImageNotFound` or `InvalidLabel`."""
        labels = given_labels(description, tags, properties)
        return self._records.set_labels(name, version, labels)

    def delete(self, name: str, version: int) -> None:
        """Forget one version; endpoints that run its bundle run on. Raises `ImageNotFound`."""
        self._records.delete(name, version)


class _Log:
    """Passes progress on and keeps it as text."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._lines: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[StepDetail]:
        with self._shown.step(title) as step:
            yield step
            self._lines.append(f"{title}: {step.detail}")

    def notice(self, text: str) -> None:
        self._lines.append(text)
        self._shown.notice(text)

    def ended(self, *last: str) -> str:
        return "\n".join([*self._lines, *last])
