"""`Webservice`: an endpoint, from deploying it to deleting it."""

import json
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from onnxport import OnnxportError

from azureml._not_provided import absent, not_provided
from azureml._translating import exception_of, translated
from azureml.core import _deploying
from azureml.core._configuration import DeploymentConfiguration
from azureml.core._labels import OWN, has_labels
from azureml.core._printing import Printed, say, say_finished
from azureml.core._scoring import ScoringFiles
from azureml.core.webservice.record import ServiceRecord, has_model, is_of_image
from azureml.core.workspace import Workspace
from azureml.exceptions import WebserviceException


class Webservice(ServiceRecord):
    """A service by its name, as an object of its kind.

    Raises:
        WebserviceException: there is none.
    """

    def __new__(cls, workspace: Workspace, name: str) -> Any:
        """The service as an object of its kind."""
        with translated():
            view = workspace.native.endpoints.get(name)
        return cls.of(workspace, view)

    def __init__(self, workspace: Workspace, name: str) -> None:
        """Nothing: `__new__` did it."""

    @classmethod
    def of(cls, workspace: Workspace, view: Any, files: ScoringFiles | None = None) -> Any:
        """The service of an endpoint that is known."""
        made = _object(workspace, view.name, view.properties.get(f"{OWN}kind", "ACI"))
        made.files = files
        return made

    @classmethod
    def failed(cls, workspace: Workspace, name: str, kind: str, failure: OnnxportError) -> Any:
        """A service that did not start; what ran under its name before still runs."""
        made = _object(workspace, name, kind)
        made.failure = failure
        return made

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        model_paths: Sequence[str],
        image_config: Any,
        deployment_config: DeploymentConfiguration | None = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> Any:
        """Register each path under its base name, and put the scoring code behind a service."""
        wanted = _deploying.order(workspace, name, deployment_config, deployment_target, overwrite)
        models = [f"{Path(path).name}={path}" for path in model_paths]
        return _deploying.deploy_code(wanted, image_config.scoring_files(), models)

    @staticmethod
    def deploy_from_model(
        workspace: Workspace,
        name: str,
        models: Sequence[Any],
        image_config: Any,
        deployment_config: DeploymentConfiguration | None = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> Any:
        """Put scoring code with registered models behind a service."""
        wanted = _deploying.order(workspace, name, deployment_config, deployment_target, overwrite)
        references = [one.url for one in models]
        return _deploying.deploy_code(wanted, image_config.scoring_files(), references)

    @staticmethod
    def deploy_from_image(
        workspace: Workspace,
        name: str,
        image: Any,
        deployment_config: DeploymentConfiguration | None = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> Any:
        """Put an image behind a service."""
        wanted = _deploying.order(workspace, name, deployment_config, deployment_target, overwrite)
        return _deploying.deploy_image(wanted, image)

    @staticmethod
    def deploy_local_from_model(
        workspace: Workspace,
        name: str,
        models: Sequence[Any],
        image_config: Any,
        deployment_config: DeploymentConfiguration | None = None,
        wait: bool = False,
    ) -> Any:
        """Put scoring code with registered models behind a service of kind `Local`, in place of one of this name."""
        local = deployment_config or DeploymentConfiguration("Local")
        wanted = _deploying.order(workspace, name, local, None, True)
        references = [one.url for one in models]
        return _deploying.deploy_code(wanted, image_config.scoring_files(), references)

    @staticmethod
    def list(
        workspace: Workspace,
        compute_type: str | None = None,
        image_name: str | None = None,
        image_id: str | None = None,
        model_name: str | None = None,
        model_id: str | None = None,
        tags: Iterable[Any] | None = None,
        properties: Iterable[Any] | None = None,
        image_digest: str | None = None,
    ) -> "list[Any]":
        """The services that pass every filter."""
        wanted = {"image_name": image_name, "image_id": image_id, "image_digest": image_digest}
        with translated():
            found = workspace.native.endpoints.list()
        return [
            Webservice.of(workspace, view)
            for view in found
            if has_labels(view.tags, tags)
            and has_labels(view.properties, properties)
            and compute_type in (None, view.properties.get(f"{OWN}kind", "ACI"))
            and is_of_image(view, **wanted)
            and has_model(view, model_name, model_id)
        ]

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """Tell how the deployment ended: it has ended when there is a service.

        Raises:
            WebserviceException: it failed; what is known of why is in `get_logs()` too.
        """
        outcome = "Succeeded" if self.failure is None else "Failed"
        if show_output:
            self._say_finished(outcome)
        if self.failure is not None:
            error = exception_of(self.failure)
            text = (
                f"The deployment ended in the state {self.state}; see get_logs().\n{error.message}"
            )
            raise WebserviceException(text, self.failure, error.response)

    def _say_finished(self, outcome: str) -> None:
        say_finished(f"{self.kind} service creation operation finished", outcome)

    def update_deployment_state(self) -> None:
        """Nothing: the state is looked at whenever it is asked for."""

    def get_logs(self, num_lines: int = 5000, init: bool = False) -> str:
        """The last lines of the log, for people; of a service that did not start, why."""
        if self.failure is not None:
            return self.failure.message
        with translated():
            lines = self.workspace.native.endpoints.logs(self.name, num_lines, readable=True)
        return "\n".join(lines)

    def run(self, input_data: str | bytes) -> Any:
        """What the service answers to a request; bytes and text are sent as they are, and the answer is decoded from JSON.

        Raises:
            WebserviceException: the answer is not 200; with its code, headers and content.
        """
        body = input_data.encode() if isinstance(input_data, str) else bytes(input_data)
        with translated():
            answer = self.workspace.native.endpoints.score(self.name, body)
        if answer.status != HTTPStatus.OK:
            headers, content = dict(answer.headers), answer.body[:4000]
            raise WebserviceException(
                f"The service answered with an error.\nResponse Code: {answer.status}\nHeaders: {headers}\nContent: {content!r}"
            )
        return json.loads(answer.body)

    def get_keys(self) -> tuple[str, str]:
        """The primary and the secondary key."""
        with translated():
            keys = self.workspace.native.endpoints.keys(self.name)
        return keys["primary"], keys["secondary"]

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        """Make a new key, in force at once.

        Args:
            key: `Primary` or `Secondary`, in any case.
            set_key: the new key; a random one where none is given.
        """
        with translated():
            self.workspace.native.endpoints.rotate_key(self.name, key.lower(), set_key)

    def get_token(self) -> Any:
        """Not provided: there are no tokens."""
        not_provided("Webservice.get_token", "Use keys: Webservice.get_keys().")

    def _update(
        self, image: Any, models: Any, inference_config: Any, values: dict[str, Any]
    ) -> None:
        """Deploy again, or change what is set."""
        given = {name: value for name, value in values.items() if value is not None}
        is_deployed = not (image is None and models is None and inference_config is None)
        if not (is_deployed or given):
            raise WebserviceException("nothing is given to update")
        configuration = DeploymentConfiguration(self.kind, given)
        configuration.validate()
        if not is_deployed:
            self._set(configuration)
            return
        wanted = _deploying.Order(self.workspace, self.name, configuration, True, False)
        used = self.models if models is None and image is None else models
        known = self._known_files() if image is None and inference_config is None else None
        self._take_over(_deploying.deploy_again(wanted, image, used, inference_config, known))

    def _known_files(self) -> ScoringFiles | None:
        """The scoring code, `None` where there is none; raises `WebserviceException` where this object does not know it."""
        if self.files is None and self._is_code:
            raise WebserviceException(
                "the scoring code of this service is not at hand: give inference_config as well"
            )
        return self.files

    @property
    def _is_code(self) -> bool:
        return bool(self._view.properties.get(f"{OWN}code") != "none")

    def _set(self, configuration: DeploymentConfiguration) -> None:
        is_code = self._is_code
        for notice in configuration.notices(is_code=is_code):
            say(notice)
        options = configuration.options(
            is_code=is_code, must_be_new=False, own=self._own, keep=True
        )
        with translated():
            self.workspace.native.endpoints.update(self.name, options, progress=Printed())

    @property
    def _own(self) -> dict[str, str]:
        found = self._view.properties.items()
        return {key.removeprefix(OWN): value for key, value in found if key.startswith(OWN)}

    def _take_over(self, other: Any) -> None:
        self.failure, self.files = other.failure, other.files or self.files

    def delete(self) -> None:
        """Stop the service and remove it; one that is not there is only told."""
        try:
            self.workspace.native.endpoints.delete(self.name)
        except OnnxportError as error:
            if error.code != "endpoint_not_found":
                raise exception_of(error) from error
            say(f"No service with name {self.name} found to delete.")
        self._deleted = True

    def serialize(self) -> dict[str, Any]:
        """The service for programs."""
        view = self._view
        return {
            "name": self.name,
            "computeType": self.kind,
            "state": self.state,
            "scoringUri": self.scoring_uri,
            "swaggerUri": self.swagger_uri,
            "authEnabled": bool(view.spec.keys.required),
            "imageId": self.image_id,
            "description": view.description,
            "tags": dict(view.tags),
            "properties": self.properties,
            "createdTime": view.created.isoformat(),
            "updatedTime": view.revisions[-1].created.isoformat(),
        }

    @staticmethod
    def deserialize(workspace: Workspace, payload: dict[str, Any]) -> Any:
        """The service that a serialised one means."""
        return Webservice(workspace, payload["name"])

    get_access_token = absent("Webservice.get_access_token", "Use keys: Webservice.get_keys().")


def _object(workspace: Workspace, name: str, kind: str) -> Any:
    """An object of the class of a kind."""
    from azureml.core import webservice

    classes = {
        "AKS": webservice.AksWebservice,
        "Local": webservice.LocalWebservice,
    }
    made = object.__new__(classes.get(kind, webservice.AciWebservice))
    made.workspace, made.name = workspace, name
    return made
