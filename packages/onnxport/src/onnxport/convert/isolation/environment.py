"""The cache of converters' environments: made from a lock by uv, beside its place, then renamed into it.

An environment is found under the converter's name, the hash of its lock, and the Python it is for. A folder at that place is always
whole; whoever builds holds a lock file, so two that need it at once make it once.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from onnxport.convert.interface import PinnedEnvironment
from onnxport.convert.isolation.uv import install_lock, make_environment

CACHE_VARIABLE = "ONNXPORT_CACHE"
_DONE = "onnxport-environment.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class EnvironmentCache:
    """Environments of converters under one folder, shared by all workspaces of a user."""

    folder: Path

    @classmethod
    def of_user(cls) -> "EnvironmentCache":
        """The user's cache: `$ONNXPORT_CACHE`, else the system's place for caches."""
        root = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("onnxport")
        return cls(Path(root).expanduser().absolute() / "environments")

    def place_of(self, converter: str, pinned: PinnedEnvironment) -> Path:
        """Where the environment is, or will be."""
        digest = hashlib.sha256(pinned.lock.read_bytes()).hexdigest()
        machine = f"{platform.system()}-{platform.machine()}".lower()
        return self.folder / f"{converter}-{digest[:16]}-py{_python_for(pinned)}-{machine}"

    def is_ready(self, converter: str, pinned: PinnedEnvironment) -> bool:
        """Whether the environment is there and its interpreter still exists."""
        place = self.place_of(converter, pinned)
        return (place / _DONE).is_file() and python_of(place).exists()

    def ensure(self, converter: str, pinned: PinnedEnvironment, say: Say) -> Path:
        """Return the environment's interpreter, making the environment if needed. Raises `EnvironmentFailed` or `UvNotFound`."""
        place = self.place_of(converter, pinned)
        if self.is_ready(converter, pinned):
            return python_of(place)
        self.folder.mkdir(parents=True, exist_ok=True)
        with _sole_builder(place):
            if not self.is_ready(converter, pinned):
                self._build(converter, pinned, place, say)
        return python_of(place)

    def _build(self, converter: str, pinned: PinnedEnvironment, place: Path, say: Say) -> None:
        for leftover in [*self.folder.glob(f".{place.name}.*.building"), place]:
            shutil.rmtree(leftover, ignore_errors=True)
        say(
            f"making the environment of the converter '{converter}', once: about {pinned.download_mb} MB to download, "
            f"{pinned.disk_mb} MB on disk, in {place}"
        )
        beside = Path(
            tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".building", dir=self.folder)
        )
        try:
            wanted = _python_for(pinned)
            make_environment(converter, beside, _interpreter(wanted), say)
            install_lock(converter, python_of(beside), pinned.lock, say)
            (beside / _DONE).write_text(json.dumps({"converter": converter, "python": wanted}))
            beside.rename(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def python_of(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / "bin" / "python"


def _python_for(pinned: PinnedEnvironment) -> str:
    """The Python version to use: the one that runs onnxport where the lock holds for it, else the lock's first."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    return ours if ours in pinned.pythons else pinned.pythons[0]


def _interpreter(wanted: str) -> str:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    return sys.executable if wanted == ours else wanted


@contextmanager
def _sole_builder(place: Path) -> Iterator[None]:
    """Hold the lock file of a place; the system lets go of it when the holder ends, however it ends."""
    with place.with_name(f".{place.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
