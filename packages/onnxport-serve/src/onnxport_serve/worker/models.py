"""Where the files of a registered model lie, for scoring code that asks by name."""

from __future__ import annotations

import json
import os
from typing import Any

from .layout import MODELS


class ModelNotFound(Exception):
    """There is no such model in this revision."""


def model_path(name: str, version: int | None = None) -> str:
    """The path of a model's file, or of its folder where it was registered as one or has several files and none of them is the model.

    Args:
        name: the registered name.
        version: a version; the newest that is there where none is given.

    Raises:
        ModelNotFound: with what there is.
        TypeError: the version is not an integer.

    Source: `Model.get_model_path` of the Azure ML SDK v1 inside a service.
    """
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise TypeError(f"the version of a model is an integer, not {type(version).__name__}")
    found = [
        one for one in known_models() if one["name"] == name and version in (None, one["version"])
    ]
    if found:
        return _path_of(max(found, key=lambda one: int(one["version"])))
    if version is None and os.path.exists(os.path.join(".", name)):
        return os.path.join(".", name)
    there = (
        ", ".join("{}:{}".format(one["name"], one["version"]) for one in known_models()) or "none"
    )
    wanted = name if version is None else f"{name}:{version}"
    raise ModelNotFound(f"Model {wanted} not found; the models of this revision: {there}")


def known_models() -> list[dict[str, Any]]:
    """Name, version, main file and proof of every model of this revision."""
    known: list[dict[str, Any]] = json.loads(os.environ.get("ONNXPORT_MODEL_FILES", "[]"))
    return known


def _path_of(model: dict[str, Any]) -> str:
    folder = os.path.join(_app_root(), MODELS, model["name"], str(model["version"]))
    proof = os.path.basename(model["proof"] or "")
    entries = [entry for entry in sorted(os.listdir(folder)) if entry != proof]
    if model["file"] is not None and "/" not in model["file"]:
        return os.path.join(folder, model["file"])
    return os.path.join(folder, entries[0]) if len(entries) == 1 else folder


def _app_root() -> str:
    return os.environ.get("AML_APP_ROOT", ".")
