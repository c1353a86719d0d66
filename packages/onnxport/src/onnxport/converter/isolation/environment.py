"""The cache of converters' environments: made from a lock by uv, in places that are whole or empty.

An environment is found under the converter's name, the hash of its lock, and the Python it is for.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from onnxport.converter.interface import PinnedEnvironment
from onnxport.converter.isolation.errors import EnvironmentFailed, PackagesUnusable
from onnxport.environment.errors import UvFailed
from onnxport.environment.place import ensure_place, is_whole, machine_name, python_of
from onnxport.environment.uv import install_lock, make_environment, run_uv

CACHE_VARIABLE = "ONNXPORT_CACHE"
_OWN_SOURCES = (
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_NO_INDEX",
)

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

    def place_of(self, pinned: PinnedEnvironment, packages: Sequence[str] = ()) -> Path:
        """Where the environment is, or will be; with other packages than the pinned ones in a place of its own."""
        digest = hashlib.sha256(pinned.lock.read_bytes())
        for package in packages:
            digest.update(package.encode())
        name = f"{pinned.lock.stem}-{digest.hexdigest()[:16]}-py{_python_for(pinned)}"
        return self.folder / f"{name}-{machine_name()}"

    def is_ready(self, pinned: PinnedEnvironment) -> bool:
        """Whether the environment is there and its interpreter still exists."""
        return is_whole(self.place_of(pinned))

    def ensure(
        self, converter: str, pinned: PinnedEnvironment, say: Say, packages: Sequence[str] = ()
    ) -> Path:
        """Return the environment's interpreter, making the environment if needed.

        `packages` replace or join the requirements that the lock was made from; the lock is then made anew, on this machine.

        Raises `PackagesUnusable`, `EnvironmentFailed` or `UvNotFound`.
        """
        place = self.place_of(pinned, packages)

        def fill(beside: Path) -> Mapping[str, str]:
            also = f" with {', '.join(packages)}" if packages else ""
            say(
                f"making the environment of the converter '{converter}'{also}, once: about {pinned.download_mb} MB to download, "
                f"{pinned.disk_mb} MB on disk, in {place}"
            )
            return _fill(converter, pinned, beside, say, packages)

        ensure_place(place, fill)
        return python_of(place)


def _fill(
    converter: str, pinned: PinnedEnvironment, beside: Path, say: Say, packages: Sequence[str]
) -> Mapping[str, str]:
    wanted = _python_for(pinned)
    try:
        make_environment(beside, _interpreter(wanted), say)
        python = python_of(beside)
        lock = _lock_with(pinned, packages, python, beside, say) if packages else pinned.lock
        install_lock(python, lock, say, settings=_settings_of(pinned))
    except UvFailed as failure:
        if packages and not failure.unreachable:
            raise PackagesUnusable(converter, packages, failure.last_words) from failure
        # A lock that has no solution was made with more files than these indexes hold.
        unreachable = failure.unreachable or "no solution found" in failure.last_words.lower()
        raise EnvironmentFailed(converter, failure.last_words, unreachable=unreachable) from failure
    return {"converter": converter, "python": wanted}


def _lock_with(
    pinned: PinnedEnvironment, packages: Sequence[str], python: Path, folder: Path, say: Say
) -> Path:
    """A lock of the converter's requirements with some replaced, and others added, by the user's; it stays in the environment."""
    wanted = folder / "with.in"
    wanted.write_text("\n".join(packages) + "\n", encoding="utf-8")
    lock = folder / "lock.txt"
    requirements = pinned.lock.with_suffix(".in")
    command = ["pip", "compile", "--no-header", "--no-annotate", "--generate-hashes", "--no-build"]
    command += ["--python", str(python), "--output-file", str(lock), "--overrides", str(wanted)]
    # What the lock itself was made with: packages that it leaves out.
    left_out = pinned.lock.with_suffix(".overrides.in")
    command += ["--overrides", str(left_out)] if left_out.exists() else []
    run_uv([*command, str(requirements), str(wanted)], folder, say, _settings_of(pinned))
    return lock


def _settings_of(pinned: PinnedEnvironment) -> dict[str, str]:
    """Where uv finds this lock's builds of PyTorch, unless the user's own settings say where packages come from.

    With a backend uv asks PyTorch's index for PyTorch and looks nowhere else, not into a folder or mirror either. The index holds the same
    files for macOS as the usual one, so this is for Linux only.
    """
    own = any(os.environ.get(name) for name in _OWN_SOURCES)
    if pinned.torch_backend is None or own or sys.platform != "linux":
        return {}
    return {"UV_TORCH_BACKEND": pinned.torch_backend}


def _python_for(pinned: PinnedEnvironment) -> str:
    """The Python version to use: the one that runs onnxport where the lock holds for it, else the lock's first."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    return ours if ours in pinned.pythons else pinned.pythons[0]


def _interpreter(wanted: str) -> str:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    return sys.executable if wanted == ours else wanted
