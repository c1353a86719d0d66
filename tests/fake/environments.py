"""Environments of scoring code without packages: an interpreter in a folder, as `EnvironmentStore` makes them, in no time."""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from onnxport.environment.conda_names import built_in_names
from onnxport.environment.lock import LockedEnvironment
from onnxport.environment.specification import EnvironmentSpecification


def say_nothing(_: str) -> None:
    pass


class FakeEnvironments:
    """Makes a lock of a specification's own words and counts what it builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conda_names = built_in_names()
        self.built: list[tuple[str, tuple[str, ...]]] = []

    def lock(
        self, specification: EnvironmentSpecification, *, python: str | None = None, say=say_nothing
    ) -> LockedEnvironment:
        say(f"resolving {specification.source_name}")
        wanted = python or specification.python or f"3.{sys.version_info.minor}"
        text = "".join(f"{line}\n" for line in specification.requirements)
        return LockedEnvironment(wanted, text, ("linux-x86_64",), specification)

    def ensure(
        self,
        text: str,
        python: str,
        options: Sequence[str] = (),
        say=say_nothing,
        source_name: str = "",
    ) -> Path:
        place = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}-py{python}"
        if place.exists():
            return place
        say(f"building the environment of {source_name}")
        self.built.append((python, tuple(options)))
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "python").symlink_to(sys.executable)
        (place / "onnxport-environment.json").write_text(json.dumps({"python": python}))
        return place
