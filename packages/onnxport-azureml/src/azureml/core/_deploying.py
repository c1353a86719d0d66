"""From an order of a service to one deployment, and to the service that comes of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxport

from azureml._translating import exception_of
from azureml.core._configuration import DeploymentConfiguration
from azureml.core._printing import Printed, say, say_once
from azureml.core._scoring import ScoringFiles
from azureml.core.workspace import Workspace
from azureml.exceptions import WebserviceException

_FAILS_LATER = {"revision_failed", "start_failed", "not_serving_in_time"}
"""Errors that the vendor's SDK has only once the service is waited for."""
_PLACES = {
    "ACI": "Azure Container Instances",
    "AKS": "Azure Kubernetes Service",
    "Local": "the local container",
}


@dataclass(frozen=True, slots=True)
class Order:
    """A service that is wanted."""

    workspace: Workspace
    name: str
    configuration: DeploymentConfiguration
    overwrite: bool
    show_output: bool

    @property
    def kind(self) -> str:
        """`ACI`, `AKS` or `Local`."""
        return self.configuration.kind

    def options(self, *, is_code: bool, image: str = "") -> onnxport.DeployOptions:
        """What of it onnxport enforces; prints what it does not."""
        say_once(f"{_PLACES[self.kind]} is not used: services are processes of this machine.")
        for notice in self.configuration.notices(is_code=is_code):
            say(notice)
        own = {"kind": self.kind, "code": "script" if is_code else "none"}
        own |= {"image": image} if image else {}
        return self.configuration.options(is_code=is_code, must_be_new=not self.overwrite, own=own)


def order(
    workspace: Workspace,
    name: str,
    configuration: DeploymentConfiguration | None,
    target: Any = None,
    overwrite: bool = False,
    show_output: bool = False,
) -> Order:
    """An order; without a configuration that of the target's kind, and without a target that of a container instance."""
    kind = "ACI" if target is None else "AKS"
    return Order(
        workspace, name, configuration or DeploymentConfiguration(kind), overwrite, show_output
    )


def deploy_model(given: Order, references: Sequence[str]) -> Any:
    """A service of one ONNX model."""
    if len(references) != 1:
        raise WebserviceException(
            "Without an inference configuration exactly one model is deployed"
        )
    options = given.options(is_code=False)
    return _made(
        given,
        lambda: given.workspace.native.endpoints.deploy(
            references[0], given.name, options=options, progress=Printed(given.show_output)
        ),
    )


def deploy_code(given: Order, files: ScoringFiles, models: Sequence[str | Path]) -> Any:
    """A service of scoring code with models."""
    _tell(files.notices)
    options = given.options(is_code=True)
    with files.environment_file() as environment:
        return _made(
            given,
            lambda: given.workspace.native.endpoints.deploy_script(
                files.script,
                env=environment,
                models=models,
                source_dir=files.source_dir,
                name=given.name,
                options=options,
                progress=Printed(),
            ),
            files,
        )


def deploy_image(given: Order, image: Any) -> Any:
    """A service of an image."""
    if image.digest is None:
        raise WebserviceException(
            f"The image {image.id} failed and cannot be deployed:\n{image.log}"
        )
    options = given.options(is_code=True, image=image.id)
    return _made(
        given,
        lambda: given.workspace.native.endpoints.deploy_bundle(
            image.digest, given.name, options=options, progress=Printed()
        ),
    )


def deploy_again(
    given: Order,
    image: Any,
    models: Sequence[Any] | None,
    code: Any,
    files: ScoringFiles | None = None,
) -> Any:
    """What a service is updated to: an image, or models with the code that is given, else with `files`, else without any."""
    if image is not None:
        return deploy_image(given, image)
    found = files if code is None else code.scoring_files()
    references = [one.url for one in models or ()]
    if found is None:
        return deploy_model(given, references)
    return deploy_code(given, found, references)


def _made(given: Order, deploy: Callable[[], Any], files: ScoringFiles | None = None) -> Any:
    """The service, also where it did not start: whoever waits for it is told then."""
    from azureml.core.webservice import Webservice

    say("Creating service")
    try:
        deployment = deploy()
    except onnxport.OnnxportError as error:
        if error.code in _FAILS_LATER:
            return Webservice.failed(given.workspace, given.name, given.kind, error)
        raise exception_of(error) from error
    return Webservice.of(given.workspace, deployment.endpoint, files)


def _tell(notices: Iterable[str]) -> None:
    for notice in notices:
        say(f"not met: {notice}")
