"""`Image`: one version of an image, as the workspace records it."""

from collections.abc import Iterable, Sequence
from typing import Any

from azureml._not_provided import absent
from azureml._translating import translated
from azureml.core._labels import Tags, has_labels, tag_pairs
from azureml.core._printing import Printed, say, say_finished
from azureml.core._record import Record
from azureml.core.workspace import Workspace
from azureml.exceptions import WebserviceException

_STATES = {"ready": "Succeeded", "failed": "Failed"}


class Image(Record):
    """One version of an image; without a version the newest.

    Raises:
        WebserviceException: there is none.
    """

    workspace: Workspace
    native: Any

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,
        tags: Iterable[Any] | None = None,
        properties: Iterable[Any] | None = None,
        version: int | None = None,
    ) -> None:
        if id is not None:
            name, _, number = id.rpartition(":")
            version = int(number) if number.isdecimal() else 0
        if name is None:
            raise WebserviceException("an image is named by its name or its id")
        with translated():
            found = workspace.native.images.get(name, None if version is None else int(version))
        if not (has_labels(found.tags, tags) and has_labels(found.properties, properties)):
            raise WebserviceException(
                f"ImageNotFound: no image {name} has these tags and properties"
            )
        self.workspace, self.native = workspace, found

    @classmethod
    def of(cls, workspace: Workspace, image: Any) -> Any:
        """The image of a record that is known."""
        from azureml.core.image.container import ContainerImage

        made = ContainerImage.__new__(ContainerImage)
        made.workspace, made.native = workspace, image
        return made

    @property
    def creation_state(self) -> str:
        """`Succeeded` or `Failed`."""
        return _STATES[self.native.state]

    @property
    def digest(self) -> str | None:
        """The digest of its bundle, `None` where building it failed."""
        found: str | None = self.native.digest
        return found

    @property
    def log(self) -> str:
        """What was said while it was built."""
        return str(self.native.log)

    @property
    def image_location(self) -> str | None:
        """The bundle, as onnxport names it."""
        return self.digest

    @property
    def image_build_log_uri(self) -> str:
        """The command that shows the log."""
        return f"onnxport image show {self.name} {self.version}"

    @property
    def models(self) -> list[Any]:
        """The models inside."""
        from azureml.core.model import Model

        return [Model(self.workspace, id=one) for one in self.model_ids]

    @property
    def model_ids(self) -> list[str]:
        """The models inside, as `name:version`."""
        return [f"{name}:{version}" for name, version in self.native.models]

    generated_dockerfile_uri: str | None = None
    image_type = "Docker"
    image_flavor = "onnxport"
    target_runtime = "python"
    driver_program = "score.py"
    assets: Sequence[Any] = ()

    @staticmethod
    def create(workspace: Workspace, name: str, models: Sequence[Any], image_config: Any) -> Any:
        """Build the next version of an image; `wait_for_creation` tells whether it worked.

        Raises:
            WebserviceException: the script, the conda file or a model is not there.
        """
        files = image_config.scoring_files()
        for notice in files.notices:
            say(f"not met: {notice}")
        say("Creating image")
        with translated(), files.environment_file() as environment:
            image = workspace.native.images.create(
                name,
                files.script,
                env=environment,
                models=[one.url for one in models],
                description=image_config.description,
                tags=tag_pairs(image_config.tags),
                properties=tag_pairs(image_config.properties),
                progress=Printed(),
            )
        return Image.of(workspace, image)

    @staticmethod
    def list(
        workspace: Workspace,
        image_name: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Iterable[Any] | None = None,
        properties: Iterable[Any] | None = None,
    ) -> "list[Any]":
        """The versions that pass every filter."""
        with translated():
            found = workspace.native.images.list(image_name)
        images = [Image.of(workspace, one) for one in found]
        return [
            one
            for one in images
            if has_labels(one.tags, tags)
            and has_labels(one.properties, properties)
            and model_id in (None, *one.model_ids)
            and model_name in (None, *(name for name, _ in one.native.models))
        ]

    def wait_for_creation(self, show_output: bool = False) -> None:
        """Tell how building it ended: it has ended when there is an image.

        Raises:
            WebserviceException: it failed; with the log.
        """
        if show_output:
            say_finished(
                f"Image creation operation finished for image {self.id}", self.creation_state
            )
        if self.digest is None:
            raise WebserviceException(f"The image {self.id} could not be built:\n{self.log}")

    def update_creation_state(self) -> None:
        """Read the record again."""
        with translated():
            self.native = self.workspace.native.images.get(self.name, self.version)

    def update(self, tags: Tags) -> None:
        """Replace the tags."""
        self._label(tags=tag_pairs(tags))

    def add_tags(self, tags: Tags) -> None:
        """Add tags."""
        self._label(tags={**self.tags, **tag_pairs(tags)})

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by their keys."""
        gone = set(tags)
        self._label(tags={key: value for key, value in self.tags.items() if key not in gone})

    def add_properties(self, properties: Tags) -> None:
        """Add properties."""
        self._label(properties={**self.properties, **tag_pairs(properties)})

    def _label(self, **labels: Any) -> None:
        with translated():
            self.native = self.workspace.native.images.update(self.name, self.version, **labels)

    def delete(self) -> None:
        """Forget this version; services that run it run on."""
        with translated():
            self.workspace.native.images.delete(self.name, self.version)

    def serialize(self) -> dict[str, Any]:
        """The image for programs."""
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "creationState": self.creation_state,
            "imageLocation": self.image_location,
            "modelIds": self.model_ids,
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "createdTime": self.created_time.isoformat(),
        }

    run = absent("ContainerImage.run", "Use: onnxport script run score.py --env myenv.yml --input FILE")  # fmt: skip
