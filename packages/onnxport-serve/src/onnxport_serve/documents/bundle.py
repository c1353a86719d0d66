"""`bundle.json`, the manifest of what one revision runs. Format: `docs/specs/bundle.md`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport_serve.documents.fields import Fields, parse_object, read_bytes

MANIFEST_NAME = "bundle.json"
BUNDLE_FORMAT = "onnxport-bundle/1"


@dataclass(frozen=True, slots=True)
class BundleModel:
    """One model version: the folder of its files and the ONNX file in it (`None` for a model of another kind)."""

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
class BundleEnvironment:
    """The locked environment of scoring code."""

    python: str
    lock: str
    lock_sha256: str
    platforms: tuple[str, ...]
    specification: str | None
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file: relative path with `/`, size in bytes, SHA-256 (hex)."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BundleManifest:
    """Everything that `bundle.json` states; `signature` is its JSON form, as the specification has it."""

    kind: str
    models: tuple[BundleModel, ...]
    signature: Mapping[str, Any] | None
    sample: BundleSample | None
    code: BundleCode | None
    environment: BundleEnvironment | None
    files: tuple[BundleFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def read_manifest(bundle_directory: Path) -> BundleManifest:
    """Read `bundle.json` without looking at the other files; raises `DocumentError`."""
    return parse_manifest(read_bytes(MANIFEST_NAME, bundle_directory / MANIFEST_NAME))


def parse_manifest(content: bytes) -> BundleManifest:
    """Read the bytes of `bundle.json`; raises `DocumentError`."""
    fields = parse_object(MANIFEST_NAME, content, BUNDLE_FORMAT)
    manifest = BundleManifest(
        kind=fields.choice("kind", ("onnx", "script")),
        models=fields.objects("models", _model),
        signature=_signature(fields),
        sample=fields.optional_object("sample", _sample),
        code=fields.optional_object("code", _code),
        environment=fields.optional_object("environment", _environment),
        files=_sorted_files(fields, fields.objects("files", _file)),
    )
    fields.done()
    _check_kind(fields, manifest)
    _check_named_files(fields, manifest)
    return manifest


def _model(fields: Fields) -> BundleModel:
    return BundleModel(
        name=fields.text("name"),
        version=fields.integer("version"),
        path=_path(fields, "path"),
        file=_optional_path(fields, "file"),
        framework=fields.text("framework"),
        framework_version=fields.optional_text("framework_version"),
        proof=_optional_path(fields, "proof"),
    )


def _signature(fields: Fields) -> dict[str, Any] | None:
    value = fields.take("signature", None)
    if value is None:
        return None
    inner = Fields(MANIFEST_NAME, "signature", value)
    for side in ("inputs", "outputs"):
        if not isinstance(inner.take(side), list):
            raise inner.error(side, "must be a list")
    inner.done()
    signature: dict[str, Any] = value
    return signature


def _sample(fields: Fields) -> BundleSample:
    return BundleSample(
        _path(fields, "path"),
        fields.text("content_type"),
        fields.choice("origin", ("user", "proof", "generated")),
    )


def _code(fields: Fields) -> BundleCode:
    return BundleCode(
        _path(fields, "directory"),
        _path(fields, "entry_script"),
        fields.optional_text("source_directory"),
    )


def _environment(fields: Fields) -> BundleEnvironment:
    variables = fields.mapping("variables", {})
    for name, value in variables.items():
        if not isinstance(value, str):
            raise fields.error(f"variables.{name[:60]}", "must be a text")
    return BundleEnvironment(
        python=fields.text("python"),
        lock=_path(fields, "lock"),
        lock_sha256=fields.sha256("lock_sha256"),
        platforms=fields.texts("platforms"),
        specification=_optional_path(fields, "specification"),
        variables=variables,
    )


def _file(fields: Fields) -> BundleFile:
    return BundleFile(
        _path(fields, "path"), fields.integer("size", least=0), fields.sha256("sha256")
    )


def _path(fields: Fields, name: str) -> str:
    path = fields.text(name)
    parts = path.split("/")
    if "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise fields.error(name, "must be a relative path with '/', without '.', '..' or '\\'")
    return path


def _optional_path(fields: Fields, name: str) -> str | None:
    value = fields.take(name, None)
    return None if value is None else _path(fields.again(name, value), name)


def _sorted_files(fields: Fields, files: tuple[BundleFile, ...]) -> tuple[BundleFile, ...]:
    paths = [file.path for file in files]
    if paths != sorted(set(paths)):
        raise fields.error("files", "must be sorted by path, each path once")
    if MANIFEST_NAME in paths:
        raise fields.error("files", f"must not list {MANIFEST_NAME} itself")
    return files


def _check_kind(fields: Fields, manifest: BundleManifest) -> None:
    if manifest.kind == "script":
        if manifest.code is None:
            raise fields.error("code", "is null; kind 'script' needs scoring code")
        return
    if len(manifest.models) != 1:
        problem = f"lists {len(manifest.models)} models; kind 'onnx' has exactly one"
        raise fields.error("models", problem)
    if manifest.models[0].file is None:
        raise fields.error("models[0].file", "is null; kind 'onnx' needs the ONNX file")
    if manifest.signature is None:
        raise fields.error("signature", "is null; kind 'onnx' needs one")
    for name, value in (("code", manifest.code), ("environment", manifest.environment)):
        if value is not None:
            raise fields.error(name, "must be null for kind 'onnx'")


def _check_named_files(fields: Fields, manifest: BundleManifest) -> None:
    listed = {file.path for file in manifest.files}
    for where, path in _named_files(manifest):
        if path not in listed:
            raise fields.error(where, f"names '{path[:80]}', which 'files' does not list")


def _named_files(manifest: BundleManifest) -> list[tuple[str, str]]:
    named = [
        (f"models[{index}].file", f"{model.path}/{model.file}")
        for index, model in enumerate(manifest.models)
        if model.file is not None
    ]
    named += [
        (f"models[{index}].proof", model.proof)
        for index, model in enumerate(manifest.models)
        if model.proof is not None
    ]
    if manifest.sample is not None:
        named.append(("sample.path", manifest.sample.path))
    if manifest.code is not None:
        entry = f"{manifest.code.directory}/{manifest.code.entry_script}"
        named.append(("code.entry_script", entry))
    if manifest.environment is not None:
        named.append(("environment.lock", manifest.environment.lock))
    return named
