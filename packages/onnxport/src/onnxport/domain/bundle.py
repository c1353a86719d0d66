"""The bundle manifest: what one revision runs. Format and digest: `docs/specs/bundle.md`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from onnxport.domain.environment import EnvironmentLock
from onnxport.domain.signature import Signature

BUNDLE_FORMAT = "onnxport-bundle/1"
MANIFEST_NAME = "bundle.json"


@dataclass(frozen=True, slots=True)
class BundleModel:
    """One model version inside a bundle."""

    name: str
    version: int
    path: str
    file: str | None
    framework: str
    framework_version: str | None
    proof: str | None


@dataclass(frozen=True, slots=True)
class BundleSample:
    """The golden request: `origin` is `user`, `proof` (both gate a deployment) or `generated` (a warning)."""

    path: str
    content_type: str
    origin: str


@dataclass(frozen=True, slots=True)
class BundleCode:
    """Scoring code: the entry script's path inside `directory`."""

    directory: str
    entry_script: str
    source_directory: str | None


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file: relative path with `/`, size in bytes, SHA-256 (hex)."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BundleManifest:
    """Everything that `bundle.json` states."""

    kind: str
    models: tuple[BundleModel, ...]
    signature: Signature | None
    sample: BundleSample | None
    code: BundleCode | None
    environment: EnvironmentLock | None
    files: tuple[BundleFile, ...]

    def to_bytes(self) -> bytes:
        """The canonical bytes of `bundle.json`."""
        document = {
            "format": BUNDLE_FORMAT,
            "kind": self.kind,
            "models": [asdict(model) for model in self.models],
            "signature": self.signature.to_json() if self.signature else None,
            "sample": asdict(self.sample) if self.sample else None,
            "code": asdict(self.code) if self.code else None,
            "environment": self.environment.to_json() if self.environment else None,
            "files": [asdict(file) for file in sorted(self.files, key=lambda file: file.path)],
        }
        return json.dumps(
            document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()

    @property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the canonical bytes."""
        return "sha256:" + hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read a manifest; `KeyError`, `TypeError` or `ValueError` where it is not one of this format."""
        if document["format"] != BUNDLE_FORMAT:
            raise ValueError(f"bundle format {document['format']!r} is not {BUNDLE_FORMAT}")
        signature, environment = document["signature"], document["environment"]
        sample, code = document["sample"], document["code"]
        return cls(
            document["kind"],
            tuple(BundleModel(**model) for model in document["models"]),
            None if signature is None else Signature.from_json(signature),
            None if sample is None else BundleSample(**sample),
            None if code is None else BundleCode(**code),
            None if environment is None else EnvironmentLock.from_json(environment),
            tuple(BundleFile(**file) for file in document["files"]),
        )
