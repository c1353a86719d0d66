"""The models that scoring code uses: `--model PATH`, `--model NAME=PATH` or `--model models:/NAME/VERSION`, each under its own name."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxport.domain.model import ModelVersion
from onnxport.domain.names import is_reference
from onnxport.service.model.chosen import DeployableModel, DeploySources
from onnxport.service.scoring.errors import ModelGivenTwice

_NAMED = re.compile(r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9._-]*)=(?P<path>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that was found, and the version to use where its files are registered already."""

    model: DeployableModel
    known: ModelVersion | None

    @property
    def plan(self) -> str:
        """What registering will do, in words."""
        return (
            f"use {self.known.reference}" if self.known else f"a new version of {self.model.name}"
        )


def find_models(sources: DeploySources, given: Sequence[str | Path]) -> list[FoundModel]:
    """Look at the models in their order.

    Raises:
        ModelGivenTwice: two of them have the same name and version, or one name for different files.
        UserError: as `DeploySources.find_any` raises.
    """
    found = []
    for text in given:
        name, model = _split(os.fspath(text))
        looked_at = sources.find_any(model, name)
        found.append(FoundModel(looked_at, sources.registered(looked_at)))
    taken: set[tuple[str, int | None]] = set()
    for one in found:
        version = one.model.version
        key = (one.model.name, version.version if version else None)
        if key in taken:
            raise ModelGivenTwice(one.model.name)
        taken.add(key)
    return found


def register_models(sources: DeploySources, found: Sequence[FoundModel]) -> list[ModelVersion]:
    """A version of each, registered where there is none yet."""
    versions = [one.known or sources.register(one.model) for one in found]
    for version in versions:
        if versions.count(version) > 1:
            raise ModelGivenTwice(version.name)
    return versions


def _split(text: str) -> tuple[str | None, str]:
    """A name and a path; a path that has a `=` of its own is one."""
    named = _NAMED.fullmatch(text)
    if named is None or is_reference(text) or Path(text).expanduser().exists():
        return None, text
    return named["name"], named["path"]
