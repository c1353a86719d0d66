"""Running uv: locks and environments. The user's `UV_*` settings (indexes, find-links, offline, cache) are passed on."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from onnxport.environment.errors import UvFailed, UvNotFound

Say = Callable[[str], None]
"""Told one line of progress at a time."""

_SIGNS_OF_NO_NETWORK = (
    "error sending request",
    "failed to fetch",
    "dns error",
    "network was disabled",
    "not found in the cache",
    "connection refused",
    "timed out",
)
_MOST_LINES = 400
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


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


def make_environment(place: Path, python: str, say: Say) -> None:
    """Make an empty environment in an existing empty folder, which may be renamed afterwards; raises `UvFailed`."""
    command = ["venv", "--quiet", "--allow-existing", "--relocatable", "--no-project"]
    run_uv([*command, "--python", python, str(place)], place, say)


def install_lock(
    python: Path,
    lock: Path,
    say: Say,
    *,
    options: Sequence[str] = (),
    build: bool = False,
    settings: dict[str, str] | None = None,
) -> None:
    """Install a lock with hashes into an environment; raises `UvFailed`.

    Args:
        python: the environment's interpreter.
        lock: the file.
        say: told what uv says.
        options: more arguments of `uv pip sync`.
        build: whether packages may be built from source where there is no wheel.
        settings: environment variables that stand behind the user's own.
    """
    command = ["pip", "sync", "--require-hashes", "--compile-bytecode", *options]
    command += [] if build else ["--no-build"]
    run_uv([*command, "--python", str(python), str(lock)], python.parent, say, settings)


def run_uv(
    command: Sequence[str], folder: Path, say: Say, settings: dict[str, str] | None = None
) -> None:
    """Run uv in a folder without a project, passing on what it says, without credentials; raises `UvFailed`.

    Args:
        command: its arguments.
        folder: where it runs.
        say: told what it says.
        settings: environment variables that stand behind the user's own.
    """
    inherited = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "UV_PYTHON"}}
    process = subprocess.Popen(
        [find_uv(), *command],
        cwd=folder,
        env={**(settings or {}), **inherited, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert process.stderr is not None
    lines: list[str] = []
    with process:
        for line in process.stderr:
            words = without_credentials(" ".join(line.split()))
            if words and not words.startswith("Using Python"):
                say(words)
                if len(lines) < _MOST_LINES:
                    lines.append(words)
    if process.returncode != 0:
        said = " ".join(lines).lower()
        raise UvFailed(lines, unreachable=any(sign in said for sign in _SIGNS_OF_NO_NETWORK))


def without_credentials(text: str) -> str:
    """The text with the user and password of every URL in it hidden."""
    return _CREDENTIALS.sub("***@", text)
