"""A registered model version: immutable bytes with a signature, a framework and a lineage."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from onnxport.domain.conversion import Conversion, Proof
from onnxport.domain.names import ModelReference
from onnxport.domain.signature import Signature


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a version: its path inside the version (with `/`), size in bytes and SHA-256 (hex)."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a version came from.

    `source` is the path that a person named, `run` the run that made it. A converted version has its `conversion`, the `proof`, and, where
    they were given, the `source_files` that it was converted from: kept with it, and no part of what is served.
    """

    source: str | None = None
    conversion: Conversion | None = None
    proof: Proof | None = None
    run: str | None = None
    source_files: tuple[ModelFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model, as the registry knows it.

    `main_file` is the path (in `files`) of the ONNX file, or `None` for a model of another kind. `digest` is `sha256:` over the sorted
    list of files. Tags can change; everything else but `aliases` and `description` cannot.
    """

    name: str
    version: int
    digest: str
    size: int
    framework: str
    framework_version: str | None
    main_file: str | None
    files: tuple[ModelFile, ...]
    signature: Signature | None
    created: datetime
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    lineage: Lineage = field(default_factory=Lineage)

    @property
    def reference(self) -> ModelReference:
        """`models:/name/version`."""
        return ModelReference(self.name, self.version)

    @property
    def entry(self) -> str | None:
        """The file or folder that stands for the version: its ONNX file, else the only one at the top; `None` where several are there."""
        if self.main_file is not None and "/" not in self.main_file:
            return self.main_file
        tops = {file.path.partition("/")[0] for file in self.files}
        return tops.pop() if len(tops) == 1 else None


def digest_of(files: Iterable[ModelFile]) -> str:
    """`sha256:` over the sorted paths, sizes and hashes: the same files under the same paths, the same digest."""
    listing = sorted([file.path, file.size, file.sha256] for file in files)
    text = json.dumps(listing, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
