"""What a bundle is built from, what comes out, and what can be wrong with one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from onnxport.domain.bundle import BundleManifest
from onnxport.domain.model import ModelVersion
from onnxport.errors import PlatformError, UserError

PlaceModel = Callable[[ModelVersion, Path], object]
"""Puts every file of a model version into a directory that exists (links or copies)."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A golden request: a `/score` body. `origin` is `user` or `proof`; both gate the deployment."""

    body: bytes
    content_type: str
    origin: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on this machine."""

    directory: Path
    digest: str
    manifest: BundleManifest


class BundleDamaged(PlatformError):
    """A bundle directory whose content is not what its manifest states."""

    code = "bundle_damaged"

    def __init__(self, directory: Path, why: str) -> None:
        super().__init__(
            f"the bundle {directory} is damaged: {why}",
            f"Remove the directory {directory} and deploy the model again; it is built anew from the registry.",
        )


class NotServable(UserError):
    """A model version that no bundle can be made of."""

    code = "not_servable"

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(
            f"{reference} cannot be served: {why}",
            "Convert it to ONNX first (onnxport convert FILE) and deploy the ONNX file.",
        )
