"""From errors of onnxport to the exceptions that callers of the vendor's SDK expect."""

from collections.abc import Iterator
from contextlib import contextmanager

from onnxport import OnnxportError

from azureml.exceptions import (
    AzureMLException,
    ModelPathNotFoundException,
    WebserviceException,
)

_NAMED = {
    "endpoint_not_found": (WebserviceException, "WebserviceNotFound"),
    "endpoint_exists": (WebserviceException, "ServiceNameTaken"),
    "model_not_found": (WebserviceException, "ModelNotFound"),
    "version_not_found": (WebserviceException, "ModelNotFound"),
    "image_not_found": (WebserviceException, "ImageNotFound"),
    "model_path_missing": (ModelPathNotFoundException, "ModelPathNotFound"),
}


@contextmanager
def translated(kind: type[AzureMLException] = WebserviceException) -> Iterator[None]:
    """Raise what onnxport raises as the vendor's exception: what happened, then what to do next."""
    try:
        yield
    except OnnxportError as error:
        raise exception_of(error, kind) from error


def exception_of(
    error: OnnxportError, kind: type[AzureMLException] = WebserviceException
) -> AzureMLException:
    """The vendor's exception for an error; `kind` where its situation has no class of its own."""
    found, prefix = _NAMED.get(error.code, (kind, error.code))
    text = f"{prefix}: {error.message}\n{error.remedy}"
    return found(text, error, {"code": error.code, "message": error.message})
