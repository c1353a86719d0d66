"""Running uv: environments and locks. The user's `UV_*` settings (indexes, find-links, offline, cache) are passed on."""

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path

from onnxport.convert.isolation.errors import EnvironmentFailed, UvNotFound

_SIGNS_OF_NO_NETWORK = (
    "error sending request",
    "failed to fetch",
    "dns error",
    "network was disabled",
    "connection refused",
    "timed out",
    "no solution found",
)
_LAST_LINES = 6


def find_uv() -> str:
    """The path of the uv program: the one installed with onnxport, else the one on `PATH`."""
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise UvNotFound
    return found


def make_environment(converter: str, place: Path, python: str, say: Callable[[str], None]) -> None:
    """Make an empty environment in an existing empty folder, which may be renamed afterwards."""
    command = ["venv", "--quiet", "--allow-existing", "--relocatable", "--no-project"]
    _run(converter, [*command, "--python", python, str(place)], place, say)


def install_lock(converter: str, python: Path, lock: Path, say: Callable[[str], None]) -> None:
    """Install a lock with hashes, from wheels only."""
    command = ["pip", "sync", "--require-hashes", "--no-build", "--compile-bytecode"]
    _run(converter, [*command, "--python", str(python), str(lock)], python.parent, say)


def _run(converter: str, command: list[str], folder: Path, say: Callable[[str], None]) -> None:
    """Run uv in a folder without a project, passing on what it says; raises `EnvironmentFailed`."""
    inherited = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "UV_PYTHON"}}
    process = subprocess.Popen(
        [find_uv(), *command],
        cwd=folder,
        env={**inherited, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert process.stderr is not None
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with process:
        for line in process.stderr:
            words = " ".join(line.split())
            if words and not words.startswith("Using Python"):
                last.append(words)
                say(words)
    if process.returncode != 0:
        said = " | ".join(last)
        unreachable = any(sign in said.lower() for sign in _SIGNS_OF_NO_NETWORK)
        raise EnvironmentFailed(converter, said, unreachable=unreachable)
