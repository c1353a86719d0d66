"""The exceptions that code written for the Azure ML SDK v1 catches."""

import json
from collections.abc import Mapping
from typing import Any


class AzureMLException(Exception):
    """The base of all of them.

    Args:
        exception_message: what happened.
        inner_exception: what caused it.
        response: further facts, shown as JSON.
    """

    def __init__(
        self,
        exception_message: str = "",
        inner_exception: BaseException | None = None,
        response: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        super().__init__(exception_message)
        self.message = exception_message
        self.inner_exception = inner_exception
        self.response = response

    def __str__(self) -> str:
        facts = {"error": dict(self.response or {"message": self.message})}
        name, inner = type(self).__name__, self.inner_exception
        return (
            f"{name}:\n\tMessage: {self.message}\n\tInnerException {inner}\n"
            f"\tErrorResponse {json.dumps(facts, indent=4)}"
        )


class UserErrorException(AzureMLException):
    """The caller can mend it."""


class WorkspaceException(AzureMLException):
    """A workspace cannot be used."""


class WebserviceException(AzureMLException):
    """A model, an image or a service cannot be used."""


class ModelNotFoundException(WebserviceException):
    """There is no such model."""


class ModelPathNotFoundException(WebserviceException):
    """There is no file or folder to register."""


class ComputeTargetException(AzureMLException):
    """There is no such compute target, or it cannot be made."""


class ExperimentExecutionException(AzureMLException):
    """An experiment cannot be run."""


class ActivityFailedException(AzureMLException):
    """A run failed."""


class RunEnvironmentException(AzureMLException):
    """There is no run to be in."""


class TrainingException(AzureMLException):
    """A training job cannot be made."""


class ServiceException(AzureMLException):
    """A service answered with an error."""


class SnapshotException(AzureMLException):
    """The files of a run cannot be kept."""


class AuthenticationException(AzureMLException):
    """Somebody is not who they should be. Never raised here: nobody logs in."""


class NotProvidedException(AzureMLException, NotImplementedError):
    """A part of the vendor's SDK that onnxport does not have, or has under a name of its own."""
