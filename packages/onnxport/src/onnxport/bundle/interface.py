"""What a bundle is built from, what comes out, and what can be wrong with one."""

from collections.abc import Callable, Mapping
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
class ScoringCode:
    """Scoring code: its files by their path inside `code/`, which of them is the entry script, the name of the source folder if any."""

    files: Mapping[str, bytes]
    entry_script: str
    source_directory: str | None


@dataclass(frozen=True, slots=True)
class ScoringEnvironment:
    """What scoring code runs in: a Python version, the text of a lock, and the file that a person gave, verbatim."""

    python: str
    lock: str
    platforms: tuple[str, ...]
    specification_name: str
    specification: bytes
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scoring:
    """What makes a bundle one of kind `script`."""

    code: ScoringCode
    environment: ScoringEnvironment


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


class ArchiveRefused(UserError):
    """A file to import that is not the archive of one whole bundle; nothing of it is kept."""

    code = "archive_refused"

    def __init__(self, archive: Path, why: str) -> None:
        super().__init__(
            f"{archive} cannot be imported: {why}; nothing was imported",
            "Make the archive with: onnxport bundle export BUNDLE, and copy it whole.",
        )


class NotServable(UserError):
    """A model version that no bundle can be made of."""

    code = "not_servable"

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(
            f"{reference} cannot be served: {why}",
            "Convert it to ONNX first (onnxport convert FILE) and deploy the ONNX file; "
            "or serve it with scoring code: onnxport deploy --script score.py --env myenv.yml --model MODEL",
        )
