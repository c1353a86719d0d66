"""What is known about a finished environment; it lies in it as `onnxport-environment.json`."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Self

from onnxport.environment.lock import lock_digest
from onnxport.environment.place import RECORD, machine_name


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class EnvironmentRecord:
    """A finished environment.

    Attributes:
        id: the name of its folder.
        directory: its folder.
        python: its minor version of Python, such as `3.8`.
        platform: the kind of machine that it runs on, such as `linux-x86_64`.
        lock_sha256: the digest of the lock's text.
        source_name: the name of the file that it was first built for.
        size_bytes: the sum of the sizes of its files.
        created: when it was built, in UTC.
        packages: what is installed, by name.
    """

    id: str
    directory: Path
    python: str
    platform: str
    lock_sha256: str
    source_name: str
    size_bytes: int
    created: datetime
    packages: tuple[Package, ...]

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """The record in an environment; `None` where there is none that can be read."""
        try:
            document = json.loads((directory / RECORD).read_bytes())
            return cls(
                directory.name,
                directory,
                document["python"],
                document["platform"],
                document["lock_sha256"],
                document["source_name"],
                document["size_bytes"],
                datetime.fromisoformat(document["created"]),
                tuple(Package(name, version) for name, version in document["packages"].items()),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def to_json(self) -> dict[str, Any]:
        """The JSON form for programs."""
        return {
            "id": self.id,
            "path": str(self.directory),
            "python": self.python,
            "platform": self.platform,
            "lock_sha256": self.lock_sha256,
            "source": self.source_name,
            "bytes": self.size_bytes,
            "created": self.created.isoformat(),
            "packages": {package.name: package.version for package in self.packages},
        }


def describe_environment(
    directory: Path, text: str, python: str, source_name: str
) -> dict[str, Any]:
    """The record of an environment that has just been filled, as JSON."""
    site = directory / "lib" / f"python{python}" / "site-packages"
    packages = {
        distribution.metadata["Name"]: distribution.version
        for distribution in distributions(path=[str(site)])
    }
    return {
        "python": python,
        "platform": machine_name(),
        "lock_sha256": lock_digest(text),
        "source_name": source_name,
        "size_bytes": size_of(directory),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def size_of(directory: Path) -> int:
    """The sum of the sizes of the files in a folder."""
    return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_dir())
