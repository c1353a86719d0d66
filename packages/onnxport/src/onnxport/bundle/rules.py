"""What must hold of a manifest beyond its form: types, paths that stay inside, parts that fit together. `docs/specs/bundle.md`.

A manifest may come from outside, in an archive: nothing is taken on trust that is about to become a path.
"""

import re
from collections.abc import Iterator
from typing import Any

from onnxport.domain.bundle import MANIFEST_NAME, BundleManifest

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ORIGINS = {"user", "proof", "generated"}
_LONGEST_NAME = 255


def check_manifest(manifest: BundleManifest) -> None:
    """Raise `ValueError` with the first thing that is wrong."""
    _check_types(manifest)
    paths = [file.path for file in manifest.files]
    for path in paths:
        _check_path("files", path)
    _require(paths == sorted(set(paths)), "files must be sorted by path, each path once")
    _require(MANIFEST_NAME not in paths, f"files must not list {MANIFEST_NAME}")
    listed = set(paths)
    for path in paths:
        for folder in _folders_of(path):
            _require(folder not in listed, f"{folder[:80]!r} is a file and a folder")
    for what, path in _named_paths(manifest):
        _check_path(what, path)
        _require(path in listed, f"{what} names {path[:80]!r}, which files does not list")
    _check_kind(manifest)


def _check_kind(manifest: BundleManifest) -> None:
    if manifest.kind == "script":
        _require(manifest.code is not None, "kind 'script' needs code")
        _require(manifest.environment is not None, "kind 'script' needs an environment")
        return
    _require(manifest.kind == "onnx", "kind must be 'onnx' or 'script'")
    _require(len(manifest.models) == 1, "kind 'onnx' has exactly one model")
    _require(manifest.models[0].file is not None, "kind 'onnx' needs the ONNX file")
    _require(manifest.signature is not None, "kind 'onnx' needs a signature")
    _require(manifest.code is None, "kind 'onnx' has no code")
    _require(manifest.environment is None, "kind 'onnx' has no environment")


def _check_types(manifest: BundleManifest) -> None:
    for file in manifest.files:
        _require_text("a file's path", file.path)
        _require(_is_integer(file.size, least=0), "a file's size must be an integer from 0")
        _require(_is_sha256(file.sha256), "a file's sha256 must be 64 lower-case hex digits")
    for model in manifest.models:
        for text in (model.name, model.path, model.framework):
            _require_text("a model's name, path and framework", text)
        for other in (model.file, model.framework_version, model.proof):
            _require_text("a model's file, framework_version and proof", other, optional=True)
        _require(_is_integer(model.version, least=1), "a version must be an integer from 1")
        _check_path("a model's path", model.path)
    sample, code, environment = manifest.sample, manifest.code, manifest.environment
    if sample is not None:
        _require_text("sample", sample.path)
        _require_text("sample", sample.content_type)
        _require(sample.content_type.isprintable(), "a content type must be printable")
        _require(sample.origin in _ORIGINS, "an origin is user, proof or generated")
    if code is not None:
        for text in (code.directory, code.entry_script):
            _require_text("code", text)
        _require_text("code", code.source_directory, optional=True)
        _check_path("code.directory", code.directory)
    if environment is not None:
        for text in (environment.python, environment.lock, *environment.platforms):
            _require_text("environment", text)
        _require_text("environment", environment.specification, optional=True)
        _require(_is_sha256(environment.lock_sha256), "lock_sha256 must be 64 hex digits")
        for name, value in environment.variables.items():
            _require_text(f"variables.{name[:60]}", value, empty=True)


def _named_paths(manifest: BundleManifest) -> Iterator[tuple[str, str]]:
    """The paths that the manifest names outside `files`, with the field that does."""
    for model in manifest.models:
        if model.file is not None:
            yield "a model's file", f"{model.path}/{model.file}"
        if model.proof is not None:
            yield "a model's proof", model.proof
    if manifest.sample is not None:
        yield "sample.path", manifest.sample.path
    if manifest.code is not None:
        yield "code.entry_script", f"{manifest.code.directory}/{manifest.code.entry_script}"
    if manifest.environment is not None:
        yield "environment.lock", manifest.environment.lock
        if manifest.environment.specification is not None:
            yield "environment.specification", manifest.environment.specification


def _check_path(what: str, path: str) -> None:
    parts = path.split("/")
    safe = not ({"", ".", ".."} & set(parts)) and "\\" not in path and "\0" not in path
    _require(safe, f"{what} must be a relative path that stays inside, not {path[:80]!r}")
    _require(
        all(len(part.encode()) <= _LONGEST_NAME for part in parts), f"{what} has too long a name"
    )


def _folders_of(path: str) -> Iterator[str]:
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _require_text(what: str, value: Any, *, optional: bool = False, empty: bool = False) -> None:
    fits = isinstance(value, str) and (empty or value != "")
    _require(fits or (optional and value is None), f"{what} must be a text")


def _is_integer(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(rule)
