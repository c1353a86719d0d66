"""What there is to see of a service."""

from datetime import datetime
from typing import Any

from onnxport import OnnxportError

from azureml._translating import translated
from azureml.core._labels import OWN, public_properties
from azureml.core._scoring import ScoringFiles
from azureml.core.workspace import Workspace

_STATES = {
    "ready": "Healthy",
    "degraded": "Healthy",
    "starting": "Transitioning",
    "failed": "Failed",
}


class ServiceRecord:
    """A service by its name; every look at it is a look at the endpoint as it is now.

    `failure` is why it did not start, `files` the scoring code where this process deployed it.
    """

    kind = "ACI"
    workspace: Workspace
    name: str
    failure: OnnxportError | None = None
    files: ScoringFiles | None = None
    _deleted = False
    token_auth_enabled = False
    created_by = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name})"

    @property
    def _view(self) -> Any:
        with translated():
            return self.workspace.native.endpoints.get(self.name)

    @property
    def compute_type(self) -> str:
        """`ACI`, `AKS` or `Local`, as it was ordered."""
        return self.kind

    @property
    def state(self) -> str:
        """`Healthy` where it answers; else `Transitioning`, `Unhealthy`, `Failed` or `Deleting`."""
        if self._deleted:
            return "Deleting"
        if self.failure is not None:
            return "Failed"
        return _STATES.get(self._view.state, "Unhealthy")

    @property
    def error(self) -> dict[str, str] | None:
        """Why it failed."""
        failure = self.failure
        return None if failure is None else {"code": failure.code, "message": failure.message}

    @property
    def scoring_uri(self) -> str | None:
        """Where requests go to."""
        return None if self.failure else f"{self._view.url}/score"

    @property
    def swagger_uri(self) -> str | None:
        """Where the contract is."""
        return None if self.failure else f"{self._view.url}/swagger.json"

    @property
    def auth_enabled(self) -> bool:
        """Whether requests need a key."""
        return bool(self._view.spec.keys.required)

    @property
    def description(self) -> str:
        """What people should know about it."""
        return str(self._view.description)

    @property
    def tags(self) -> dict[str, str]:
        """Labels that may change."""
        return dict(self._view.tags)

    @property
    def properties(self) -> dict[str, str]:
        """Further labels."""
        return public_properties(self._view.properties)

    @property
    def created_time(self) -> datetime:
        """When it was made."""
        created: datetime = self._view.created
        return created

    @property
    def updated_time(self) -> datetime:
        """When its newest revision was made."""
        updated: datetime = self._view.revisions[-1].created
        return updated

    @property
    def image_id(self) -> str | None:
        """The image that it was deployed from, as `name:version`."""
        found: str | None = self._view.properties.get(f"{OWN}image")
        return found

    @property
    def image(self) -> Any:
        """The image that it was deployed from."""
        from azureml.core.image import Image

        return None if self.image_id is None else Image(self.workspace, id=self.image_id)

    @property
    def models(self) -> list[Any]:
        """The models of its newest revision."""
        from azureml.core.model import Model

        references = [one.removeprefix("models:/") for one in self._view.revisions[-1].models]
        return [Model(self.workspace, id=one.replace("/", ":")) for one in references]


def is_of_image(
    view: Any, image_name: str | None, image_id: str | None, image_digest: str | None
) -> bool:
    """Whether a service was deployed from an image; `None` stands for any."""
    found = view.properties.get(f"{OWN}image", "")
    return (
        image_id in (None, found)
        and image_name in (None, found.partition(":")[0])
        and image_digest in (None, view.revisions[-1].digest)
    )


def has_model(view: Any, name: str | None, identifier: str | None) -> bool:
    """Whether a service uses a model; `None` stands for any."""
    ids = [one.removeprefix("models:/").replace("/", ":") for one in view.revisions[-1].models]
    names = [one.partition(":")[0] for one in ids]
    return identifier in (None, *ids) and name in (None, *names)
