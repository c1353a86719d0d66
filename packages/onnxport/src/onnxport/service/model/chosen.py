"""What a person means by a model: files, or a version in the registry; of ONNX alone, or of any framework beside scoring code."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from onnxport.bundle.interface import NotServable
from onnxport.domain.conversion import Proof
from onnxport.domain.model import ModelFile, ModelVersion
from onnxport.domain.names import check_model_name, is_reference, parse_reference
from onnxport.domain.signature import Signature
from onnxport.service.model.errors import UnprovenModel
from onnxport.service.model.framework import framework_of
from onnxport.service.model.models import Models
from onnxport.service.model.source import ModelSource, model_name_from, read_proof, read_source

_LONGEST_NAME = 63


@dataclass(frozen=True)
class DeployableModel:
    """A model that may be deployed: registered already (`version`), or files with what was found in them (`source`).

    `signature` is `None` where it is not an ONNX model; `framework` is what it is to be registered with then. `converted_from` is what the
    files were converted from.
    """

    name: str
    signature: Signature | None
    version: ModelVersion | None
    source: ModelSource | None
    framework: str | None = None
    converted_from: Path | None = None

    @property
    def default_name(self) -> str:
        """The endpoint's name where none is given."""
        return endpoint_name_from(self.name)

    @property
    def summary(self) -> str:
        """Its inputs and outputs in a line, or its framework."""
        if self.signature is None:
            return self.framework or (self.version.framework if self.version else "custom")
        inputs = ", ".join(f"{value.name} {value.type}" for value in self.signature.inputs)
        outputs = ", ".join(f"{value.name} {value.type}" for value in self.signature.outputs)
        return f"{inputs} -> {outputs}"

    def check_proven(self) -> None:
        """Raise `UnprovenModel` for a conversion whose proof says that it is none."""
        proof = self.proof
        if proof is not None and not proof.proven:
            raise UnprovenModel(self.name, proof.reason or "no reason was recorded")

    @cached_property
    def proof(self) -> Proof | None:
        """The proof of a converted model: the registered one, or the one beside the file."""
        if self.version is not None:
            return self.version.lineage.proof
        if self.source is None or self.source.proof_path is None:
            return None
        main = next(file for file in self.files if file.path == self.source.main_file)
        return read_proof(self.source.proof_path, main.sha256)

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

    def find(
        self, model: str | Path, name: str | None, converted_from: Path | None = None
    ) -> DeployableModel:
        """Look at MODEL; `name` is the model's name where files have to be registered, `converted_from` what they were converted from.

        Raises:
            InvalidReference, ModelNotFound, VersionNotFound, AliasNotFound: a reference that leads nowhere.
            NotServable: a registered model that is not ONNX.
            UserError: files that cannot be served; see `onnxport.inspect.errors` and `onnxport.service.model.errors`.
        """
        text = os.fspath(model)
        if is_reference(text):
            version = self.models.get(parse_reference(text))
            if version.signature is None or version.main_file is None:
                raise NotServable(str(version.reference), "it is not an ONNX model")
            return DeployableModel(version.name, version.signature, version, None)
        source = read_source(Path(text).expanduser(), None, None)
        assert source.signature is not None  # only sources of a named other framework have none
        name = source.default_name if name is None else name
        return DeployableModel(name, source.signature, None, source, converted_from=converted_from)

    def find_any(self, model: str | Path, name: str | None) -> DeployableModel:
        """Look at a model of any framework, as scoring code uses them; `name` is its name where files have to be registered.

        Raises:
            InvalidReference, ModelNotFound, VersionNotFound, AliasNotFound: a reference that leads nowhere.
            UserError: files that cannot be kept, or a damaged ONNX model.
        """
        text = os.fspath(model)
        if is_reference(text):
            version = self.models.get(parse_reference(text))
            return DeployableModel(version.name, version.signature, version, None)
        path = Path(text).expanduser()
        framework = framework_of(path)
        source = read_source(path, framework, None)
        stem = path.absolute().name if path.is_dir() else path.stem
        name = check_model_name(model_name_from(stem) if name is None else name)
        return DeployableModel(name, source.signature, None, source, framework)

    def registered(self, found: DeployableModel) -> ModelVersion | None:
        """The version to deploy where there is one: the one that was named, or the newest if it has the same files."""
        if found.version is not None:
            return found.version
        if found.name not in self.models.names():
            return None
        newest = self.models.get(found.name)
        assert found.source is not None
        sizes = sorted(file.path.stat().st_size for file in found.source.files)
        if newest.main_file != found.source.main_file:
            return None
        if sorted(file.size for file in newest.files) != sizes:
            return None  # large files are not read in vain
        return newest if set(newest.files) == set(found.files) else None

    def register(self, found: DeployableModel) -> ModelVersion:
        """The next version of the model, from the files that were found."""
        assert found.source is not None
        return self.models.register(
            found.source.path,
            found.name,
            framework=found.framework,
            converted_from=found.converted_from,
        )

    def place(self, version: ModelVersion, directory: Path) -> None:
        """Put the files of a version into a directory."""
        self.models.materialise(version, directory)


class StandIns:
    """Versions that stand in for files without being registered, for a bundle that lives as long as one run.

    Args:
        sources: places the versions that are registered.
    """

    def __init__(self, sources: DeploySources) -> None:
        self._sources = sources
        self._files: dict[tuple[str, int], ModelSource] = {}

    def version_of(self, found: DeployableModel) -> ModelVersion:
        """A version 1 of files that were found."""
        source = found.source
        assert source is not None
        self._files[found.name, 1] = source
        return ModelVersion(
            name=found.name,
            version=1,
            digest="",
            size=sum(file.size for file in found.files),
            framework=found.framework or "onnx",
            framework_version=None,
            main_file=source.main_file,
            files=found.files,
            signature=found.signature,
            created=datetime.now(UTC),
        )

    def place(self, version: ModelVersion, directory: Path) -> None:
        """Put the files of a version into a directory."""
        source = self._files.get((version.name, version.version))
        if source is None:
            self._sources.place(version, directory)
            return
        for file in source.files:
            target = directory / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, target)


def endpoint_name_from(text: str) -> str:
    """The closest endpoint name: lower case, other characters as one dash; `model` where nothing is left."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    words = [word for word in plain.split("-") if word]
    return "-".join(words)[:_LONGEST_NAME].strip("-") or "model"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def registered_detail(models: Sequence[ModelVersion], *, used_again: bool) -> str:
    """What registering came to."""
    names = ", ".join(str(version.reference) for version in models)
    return names + (" (same content as the newest version: used again)" if used_again else "")
