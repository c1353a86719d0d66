"""Locks that were made before, so that the same file is resolved once and works without a network afterwards."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from onnxport.environment.lock import LockedEnvironment
from onnxport.environment.place import machine_name
from onnxport.environment.specification import EnvironmentSpecification

_FORMAT = "onnxport-lock/1"


@dataclass(frozen=True, slots=True)
class LockCache:
    """Locks in one folder, found under what they were made from."""

    folder: Path

    def read(
        self, specification: EnvironmentSpecification, wanted: str
    ) -> LockedEnvironment | None:
        """The lock of these requirements for the Python that is wanted; its own may be another where none of that was to be had."""
        try:
            document = json.loads(self._path_of(specification, wanted).read_bytes())
            if document["format"] != _FORMAT:
                return None
            python, text = str(document["python"]), str(document["text"])
            platforms, notices = tuple(document["platforms"]), tuple(document["notices"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        noticed = replace(specification, notices=specification.notices + notices)
        return LockedEnvironment(python, text, platforms, noticed)

    def write(
        self, specification: EnvironmentSpecification, wanted: str, locked: LockedEnvironment
    ) -> None:
        """Keep a lock, whole or not at all."""
        own = locked.specification.notices[len(specification.notices) :]
        document = {
            "format": _FORMAT,
            "python": locked.python,
            "platforms": locked.platforms,
            "notices": own,
            "text": locked.text,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".lock-", dir=self.folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
        Path(name).replace(self._path_of(specification, wanted))

    def _path_of(self, specification: EnvironmentSpecification, wanted: str) -> Path:
        key = [
            specification.requirements,
            specification.constraints,
            specification.options,
            wanted,
            machine_name(),
        ]
        return self.folder / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()}.json"
