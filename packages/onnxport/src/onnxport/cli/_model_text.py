"""Models and versions as JSON and as tables."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from onnxport.cli._output import format_size, print_fields, print_table

if TYPE_CHECKING:
    from onnxport.domain.model import ModelVersion
    from onnxport.registry.model_rows import ModelSummary, VersionSummary

Table = tuple[Sequence[str], Iterable[Sequence[object]]]


def model_rows(models: Iterable["ModelSummary"]) -> Table:
    """Headers and rows of a list of models."""
    headers = ("name", "newest", "versions", "framework", "aliases", "created")
    return headers, (
        (
            model.name,
            model.newest,
            model.versions,
            model.framework,
            ", ".join(f"{alias}={version}" for alias, version in model.aliases.items()),
            _moment(model.created),
        )
        for model in models
    )


def version_rows(versions: Iterable["VersionSummary"]) -> Table:
    """Headers and rows of a list of versions."""
    headers = ("version", "size", "framework", "created", "digest", "aliases", "tags")
    return headers, (
        (
            version.version,
            format_size(version.size),
            version.framework,
            _moment(version.created),
            version.digest[7:19],
            ", ".join(version.aliases),
            ", ".join(map(_pair, version.tags.items())),
        )
        for version in versions
    )


def model_json(model: "ModelSummary") -> dict[str, Any]:
    """A model in a list, as JSON."""
    return {**model._asdict(), "created": _rfc3339(model.created)}


def version_summary_json(version: "VersionSummary") -> dict[str, Any]:
    """A version in a list, as JSON."""
    document = version._asdict()
    document["created"] = _rfc3339(version.created)
    return {"reference": str(version.reference), **document}


def version_json(version: "ModelVersion") -> dict[str, Any]:
    """Everything about a version, as JSON."""
    from dataclasses import asdict

    lineage = version.lineage
    return {
        "reference": str(version.reference),
        "name": version.name,
        "version": version.version,
        "digest": version.digest,
        "size": version.size,
        "framework": version.framework,
        "framework_version": version.framework_version,
        "created": _rfc3339(version.created),
        "description": version.description,
        "tags": dict(version.tags),
        "properties": dict(version.properties),
        "aliases": list(version.aliases),
        "main_file": version.main_file,
        "files": [asdict(file) for file in version.files],
        "signature": version.signature.to_json() if version.signature else None,
        "lineage": {
            "source": lineage.source,
            "run": lineage.run,
            "conversion": asdict(lineage.conversion) if lineage.conversion else None,
            "proof": lineage.proof.to_json() if lineage.proof else None,
            "source_files": [asdict(file) for file in lineage.source_files],
        },
    }


def show_version(version: "ModelVersion") -> None:
    """Print everything about a version that fits on a page."""
    lineage = version.lineage
    framework = f"{version.framework} {version.framework_version or ''}".strip()
    print_fields(
        [
            ("model", version.reference),
            ("description", version.description),
            ("framework", framework),
            ("created", _moment(version.created)),
            ("aliases", ", ".join(version.aliases)),
            ("tags", ", ".join(map(_pair, version.tags.items()))),
            ("properties", ", ".join(map(_pair, version.properties.items()))),
            ("digest", version.digest),
            ("size", format_size(version.size)),
            ("source", lineage.source),
            ("converted from", _conversion(version)),
            ("run", lineage.run),
            ("proof", _proof(version)),
        ]
    )
    if version.signature is not None:
        print()
        values = [("input", value) for value in version.signature.inputs]
        values += [("output", value) for value in version.signature.outputs]
        print_table(("", "name", "type"), [(role, v.name, v.type) for role, v in values])
    print()
    print_table(
        ("file", "size", "sha256"),
        [(file.path, format_size(file.size), file.sha256) for file in version.files],
    )


def _conversion(version: "ModelVersion") -> str | None:
    conversion = version.lineage.conversion
    if conversion is None:
        return None
    framework = f"{conversion.framework} {conversion.framework_version or ''}".strip()
    kept = version.lineage.source_files
    size = f"; kept, {format_size(sum(file.size for file in kept))}" if kept else ""
    return f"{conversion.source_name} ({conversion.kind or 'file'} of {framework}){size}"


def _proof(version: "ModelVersion") -> str | None:
    proof = version.lineage.proof
    if proof is None:
        return None
    if not proof.proven:
        return f"not proven: {proof.reason}"
    return f"predicts as {proof.conversion.framework} does, on {sum(s.rows for s in proof.inputs)} rows"


def _pair(pair: tuple[str, str]) -> str:
    key, value = pair
    return f"{key}={value}" if value else key


def _moment(moment: datetime) -> str:
    return f"{str(moment)[:19]}Z"


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
