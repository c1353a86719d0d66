"""The manifest of a bundle of kind `onnx`, computed from what the registry knows, before a byte is copied."""

import hashlib
import json
from dataclasses import dataclass

from onnxport.bundle.interface import NotServable, SampleRequest
from onnxport.domain.bundle import BundleFile, BundleManifest, BundleModel, BundleSample
from onnxport.domain.model import ModelVersion

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


def plan_onnx_bundle(version: ModelVersion, sample: SampleRequest | None) -> Plan:
    """The bundle of one ONNX model version.

    Raises:
        NotServable: the version is not an ONNX model.
    """
    if version.main_file is None or version.signature is None:
        raise NotServable(str(version.reference), "it is not an ONNX model")
    folder = model_folder(version)
    files = [BundleFile(f"{folder}/{file.path}", file.size, file.sha256) for file in version.files]
    written: dict[str, bytes] = {}
    proof = _proof(version, folder, {file.path for file in files}, written)
    golden = None
    if sample is not None:
        path = f"sample/request.{_SAMPLE_SUFFIX.get(sample.content_type, 'bin')}"
        written[path] = sample.body
        golden = BundleSample(path, sample.content_type, sample.origin)
    files += [
        BundleFile(path, len(body), hashlib.sha256(body).hexdigest())
        for path, body in written.items()
    ]
    model = BundleModel(
        version.name,
        version.version,
        folder,
        version.main_file,
        version.framework,
        version.framework_version,
        proof,
    )
    ordered = tuple(sorted(files, key=lambda file: file.path))
    manifest = BundleManifest("onnx", (model,), version.signature, golden, None, None, ordered)
    return Plan(manifest, written)


def model_folder(version: ModelVersion) -> str:
    """Where the files of a model version lie inside a bundle."""
    return f"models/{version.name}/{version.version}"


def _proof(
    version: ModelVersion, folder: str, taken: set[str], written: dict[str, bytes]
) -> str | None:
    if version.lineage.proof is None:
        return None
    path = f"{folder}/{version.main_file}.proof.json"
    if path not in taken:
        document = version.lineage.proof.to_json()
        written[path] = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return path
