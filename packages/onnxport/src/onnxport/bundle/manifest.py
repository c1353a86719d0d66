"""The manifest of a bundle, computed from what is known of its parts before a byte is copied."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from onnxport.bundle.interface import NotServable, SampleRequest, Scoring, ScoringEnvironment
from onnxport.domain.bundle import (
    BundleCode,
    BundleFile,
    BundleManifest,
    BundleModel,
    BundleSample,
)
from onnxport.domain.environment import EnvironmentLock
from onnxport.domain.model import ModelVersion
from onnxport.domain.signature import Signature

_CODE = "code"
_LOCK = "environment/requirements.lock"
_SAMPLE_SUFFIX = {
    "application/json": "json",
    "application/octet-stream": "bin",
    "application/x-npy": "npy",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A manifest with the small files that are written rather than taken from the registry (bytes by path)."""

    manifest: BundleManifest
    written: dict[str, bytes]


def plan_bundle(
    models: Sequence[ModelVersion], sample: SampleRequest | None, scoring: Scoring | None
) -> Plan:
    """The bundle of one ONNX model version, or of scoring code with any models.

    Raises:
        NotServable: without scoring code, the version is not an ONNX model.
    """
    written: dict[str, bytes] = {}
    signature = None if scoring else _only_signature(models)
    listed = tuple(_model(version, written) for version in models)
    golden = None if sample is None else _sample(sample, written)
    code = environment = None
    if scoring is not None:
        written.update({f"{_CODE}/{path}": body for path, body in scoring.code.files.items()})
        code = BundleCode(_CODE, scoring.code.entry_script, scoring.code.source_directory)
        environment = _environment(scoring.environment, written)
    files = [
        BundleFile(f"{model_folder(version)}/{file.path}", file.size, file.sha256)
        for version in models
        for file in version.files
    ]
    files += [BundleFile(path, len(body), _sha256(body)) for path, body in written.items()]
    ordered = tuple(sorted(files, key=lambda file: file.path))
    kind = "onnx" if scoring is None else "script"
    manifest = BundleManifest(kind, listed, signature, golden, code, environment, ordered)
    return Plan(manifest, written)


def model_folder(version: ModelVersion) -> str:
    """Where the files of a model version lie inside a bundle."""
    return f"models/{version.name}/{version.version}"


def _only_signature(models: Sequence[ModelVersion]) -> Signature:
    (version,) = models
    if version.main_file is None or version.signature is None:
        raise NotServable(str(version.reference), "it is not an ONNX model")
    return version.signature


def _model(version: ModelVersion, written: dict[str, bytes]) -> BundleModel:
    return BundleModel(
        version.name,
        version.version,
        model_folder(version),
        version.main_file,
        version.framework,
        version.framework_version,
        _proof(version, written),
    )


def _proof(version: ModelVersion, written: dict[str, bytes]) -> str | None:
    if version.lineage.proof is None:
        return None
    name = f"{version.main_file}.proof.json"
    path = f"{model_folder(version)}/{name}"
    if name not in {file.path for file in version.files}:
        document = version.lineage.proof.to_json()
        written[path] = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return path


def _sample(sample: SampleRequest, written: dict[str, bytes]) -> BundleSample:
    path = f"sample/request.{_SAMPLE_SUFFIX.get(sample.content_type, 'bin')}"
    written[path] = sample.body
    return BundleSample(path, sample.content_type, sample.origin)


def _environment(given: ScoringEnvironment, written: dict[str, bytes]) -> EnvironmentLock:
    lock = given.lock.encode()
    specification = f"environment/{PurePath(given.specification_name).name}"
    if specification == _LOCK:  # a person's own file of that name stays what it is
        specification = "environment/given/requirements.lock"
    written[_LOCK] = lock
    written[specification] = given.specification
    return EnvironmentLock(
        given.python, _LOCK, _sha256(lock), given.platforms, specification, dict(given.variables)
    )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
