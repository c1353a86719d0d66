"""Between rows of the database and the domain's values."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from onnxport.domain.conversion import Conversion, Proof
from onnxport.domain.model import Lineage, ModelFile, ModelVersion, digest_of
from onnxport.domain.names import ModelReference
from onnxport.domain.signature import Signature
from onnxport.registry.moments import from_text, to_text


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is to become a version; its number is given when it is recorded."""

    name: str
    framework: str
    framework_version: str | None
    main_file: str | None
    files: tuple[ModelFile, ...]
    signature: Signature | None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    lineage: Lineage = field(default_factory=Lineage)

    def numbered(self, version: int, created: datetime) -> ModelVersion:
        """The version that this becomes."""
        return ModelVersion(
            self.name,
            version,
            digest_of(self.files),
            sum(file.size for file in self.files),
            self.framework,
            self.framework_version,
            self.main_file,
            tuple(sorted(self.files, key=lambda file: file.path)),
            self.signature,
            created,
            self.description,
            dict(self.tags),
            dict(self.properties),
            tuple(sorted(self.aliases)),
            self.lineage,
        )


class ModelSummary(NamedTuple):
    """A model in a list: how many versions it has, the newest one, and what its aliases mean."""

    name: str
    versions: int
    newest: int
    framework: str
    created: datetime
    aliases: Mapping[str, int]


class VersionSummary(NamedTuple):
    """A version in a list: everything that is cheap to have for ten thousand of them."""

    name: str
    version: int
    digest: str
    size: int
    framework: str
    framework_version: str | None
    created: datetime
    description: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]

    @property
    def reference(self) -> ModelReference:
        """`models:/name/version`."""
        return ModelReference(self.name, self.version)


def row_of(version: ModelVersion) -> dict[str, Any]:
    """The row of `model_version`."""
    lineage = version.lineage
    return {
        "model": version.name,
        "version": version.version,
        "digest": version.digest,
        "size": version.size,
        "framework": version.framework,
        "framework_version": version.framework_version,
        "main_file": version.main_file,
        "created": to_text(version.created),
        "description": version.description,
        "signature": version.signature.to_json() if version.signature else None,
        "source": lineage.source,
        "conversion": asdict(lineage.conversion) if lineage.conversion else None,
        "proof": lineage.proof.to_json() if lineage.proof else None,
        "run": lineage.run,
    }


def version_of(
    row: Mapping[str, Any],
    files: Iterable[ModelFile],
    source_files: Iterable[ModelFile],
    tags: Mapping[str, str],
    properties: Mapping[str, str],
    aliases: Iterable[str],
) -> ModelVersion:
    """The version that rows describe."""
    signature, conversion, proof = row["signature"], row["conversion"], row["proof"]
    return ModelVersion(
        row["model"],
        row["version"],
        row["digest"],
        row["size"],
        row["framework"],
        row["framework_version"],
        row["main_file"],
        tuple(files),
        None if signature is None else Signature.from_json(signature),
        from_text(row["created"]),
        row["description"],
        tags,
        properties,
        tuple(aliases),
        Lineage(
            row["source"],
            None if conversion is None else Conversion.from_json(conversion),
            None if proof is None else Proof.from_json(proof),
            row["run"],
            tuple(source_files),
        ),
    )
