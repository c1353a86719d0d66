"""What a person means by MODEL: an ONNX file, a folder with one, or a version in the registry."""

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from onnxport.bundle.interface import NotServable
from onnxport.domain.model import ModelFile, ModelVersion
from onnxport.domain.names import is_reference, parse_reference
from onnxport.domain.signature import Signature
from onnxport.service.model_source import ModelSource, read_source
from onnxport.service.models import Models

_LONGEST_NAME = 63


@dataclass(frozen=True)
class DeployableModel:
    """A model that may be deployed: registered already (`version`), or files with what was found in them (`source`)."""

    name: str
    signature: Signature
    version: ModelVersion | None
    source: ModelSource | None

    @property
    def default_name(self) -> str:
        """The endpoint's name where none is given."""
        return endpoint_name_from(self.name)

    @property
    def summary(self) -> str:
        """Its inputs and outputs in a line."""
        inputs = ", ".join(f"{value.name} {value.type}" for value in self.signature.inputs)
        outputs = ", ".join(f"{value.name} {value.type}" for value in self.signature.outputs)
        return f"{inputs} -> {outputs}"

    @cached_property
    def files(self) -> tuple[ModelFile, ...]:
        """The files, hashed."""
        if self.version is not None:
            return self.version.files
        files = self.source.files if self.source else ()
        return tuple(
            ModelFile(file.name, file.path.stat().st_size, _sha256(file.path)) for file in files
        )


@dataclass(frozen=True, slots=True)
class DeploySources:
    """Finds models and sees to it that they are registered."""

    models: Models

    def find(self, model: str | Path, name: str | None) -> DeployableModel:
        """Look at MODEL; `name` is the model's name where files have to be registered.

        Raises:
            InvalidReference, ModelNotFound, VersionNotFound, AliasNotFound: a reference that leads nowhere.
            NotServable: a registered model that is not ONNX.
            UserError: files that cannot be served; see `onnxport.inspect.errors` and `onnxport.service.model_errors`.
        """
        text = os.fspath(model)
        if is_reference(text):
            version = self.models.get(parse_reference(text))
            if version.signature is None or version.main_file is None:
                raise NotServable(str(version.reference), "it is not an ONNX model")
            return DeployableModel(version.name, version.signature, version, None)
        source = read_source(Path(text).expanduser(), None, None)
        assert source.signature is not None  # only sources of a named other framework have none
        return DeployableModel(
            source.default_name if name is None else name, source.signature, None, source
        )

    def registered(self, found: DeployableModel) -> ModelVersion | None:
        """The version to deploy where there is one: the one that was named, or the newest if it has the same files."""
        if found.version is not None:
            return found.version
        if found.name not in self.models.names():
            return None
        newest = self.models.get(found.name)
        assert found.source is not None
        sizes = sorted(file.path.stat().st_size for file in found.source.files)
        if newest.main_file is None or sorted(file.size for file in newest.files) != sizes:
            return None  # large files are not read in vain
        return newest if set(newest.files) == set(found.files) else None

    def register(self, found: DeployableModel) -> ModelVersion:
        """The next version of the model, from the files that were found."""
        assert found.source is not None
        return self.models.register(found.source.path, found.name)

    def place(self, version: ModelVersion, directory: Path) -> None:
        """Put the files of a version into a directory."""
        self.models.materialise(version, directory)


def endpoint_name_from(text: str) -> str:
    """The closest endpoint name: lower case, other characters as one dash; `model` where nothing is left."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    words = [word for word in plain.split("-") if word]
    return "-".join(words)[:_LONGEST_NAME].strip("-") or "model"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
