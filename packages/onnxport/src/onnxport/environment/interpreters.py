"""Finding an interpreter of a wanted Python: on this machine first, fetched by uv second, a newer one last."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onnxport.environment.errors import InterpreterNotFound, UvFailed
from onnxport.environment.python_version import OLDEST_MINOR, minor_of, running_python
from onnxport.environment.uv import Say, find_uv, run_uv

_ASK = "import sys, json, zlib; print('%d.%d' % sys.version_info[:2])"
_ANSWER_S = 20
_NAMED = re.compile(r"python3\.(\d{1,2})\Z")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter: its minor version, its path, and a notice where it is not the one that was wanted."""

    python: str
    path: str
    notice: str | None = None


def find_on_machine(python: str) -> Interpreter | None:
    """An interpreter of exactly this version: the one that runs onnxport, on `PATH`, of pyenv, of uv, of conda; else `None`."""
    if python == running_python():
        return Interpreter(python, sys.executable)
    for path in _places(python):
        if _version_of(path) == python:
            return Interpreter(python, str(path))
    return None


def find_interpreter(wanted: str, say: Say, *, exact: bool) -> Interpreter:
    """An interpreter of the wanted version, or, unless it must be `exact`, of the nearest newer one with a notice that says so.

    Raises:
        InterpreterNotFound: there is none, and uv cannot fetch one.
    """
    found = find_on_machine(wanted) or _fetch(wanted, say)
    if found is not None:
        return found
    present = minors_on_machine()
    newer = [minor for minor in present if minor > minor_of(wanted)]
    nearest = find_on_machine(f"3.{newer[0]}") if newer and not exact else None
    if nearest is None:
        raise InterpreterNotFound(wanted, [f"3.{minor}" for minor in present])
    notice = (
        f"Python {wanted} is wanted, but is not on this machine and could not be fetched: Python {nearest.python} is used instead. "
        f"Install Python {wanted} and say --python {wanted} to have it"
    )
    return Interpreter(nearest.python, nearest.path, notice)


def minors_on_machine() -> list[int]:
    """The minor versions of the usable interpreters on this machine, ascending."""
    named = {minor_of(running_python())}
    for path in [*_named_on_path(), *_of_pyenv("*"), *_known_to_uv("")]:
        version = _version_of(path)
        if version and version.startswith("3."):
            named.add(minor_of(version))
    return sorted(minor for minor in named if minor >= OLDEST_MINOR)


def _places(python: str) -> Iterator[Path]:
    """Where an interpreter of this version may be, the cheapest places first."""
    for folder in _path_folders():
        if (candidate := folder / f"python{python}").is_file():
            yield candidate
    yield from _of_pyenv(python)
    yield from _of_conda(python)
    yield from _known_to_uv(python)


def _path_folders() -> list[Path]:
    """The folders on `PATH`, without pyenv's, whose programs only work for versions that are switched on."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [folder for folder in folders if folder != _pyenv_root() / "shims"]


def _pyenv_root() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()


def _named_on_path() -> Iterator[Path]:
    for folder in _path_folders():
        if folder.is_dir():
            yield from (
                path for path in sorted(folder.glob("python3.*")) if _NAMED.match(path.name)
            )


def _of_pyenv(python: str) -> list[Path]:
    """Newest patch first."""
    found = (_pyenv_root() / "versions").glob(f"{python}*/bin/python")
    return sorted(found, key=_as_numbers, reverse=True)


def _as_numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parts[-3])]


def _of_conda(python: str) -> Iterator[Path]:
    """Conda writes every environment that it makes into one file."""
    listed = Path("~/.conda/environments.txt").expanduser()
    if not listed.is_file():
        return
    for line in listed.read_text(encoding="utf-8", errors="replace").splitlines():
        if any(Path(line.strip(), "conda-meta").glob(f"python-{python}.*.json")):
            yield Path(line.strip(), "bin", "python")


def _known_to_uv(python: str) -> Iterator[Path]:
    """The interpreters that uv has fetched or finds by its own means."""
    command = [find_uv(), "python", "list", "--only-installed", "--output-format", "json"]
    try:
        listed = subprocess.run(
            [*command, *([python] if python else [])],
            capture_output=True,
            text=True,
            timeout=_ANSWER_S,
            check=True,
        )
        entries = json.loads(listed.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return
    for entry in entries:
        if entry.get("implementation") == "cpython" and entry.get("path"):
            yield Path(entry["path"])


def _version_of(path: Path) -> str | None:
    """What an interpreter says about itself; `None` where it does not run."""
    try:
        answer = subprocess.run(
            [path, "-I", "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=_ANSWER_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _silent(_: str) -> None:
    """Say nothing: what follows a failure says all there is to know."""


def _fetch(python: str, say: Say) -> Interpreter | None:
    """Let uv fetch an interpreter, if it may; without a network it fails at once, so that it is not asked again and again."""
    if os.environ.get("UV_PYTHON_DOWNLOADS", "automatic") in {"never", "manual", "false", "0"}:
        return None
    say(f"Python {python} is not on this machine: asking uv to fetch it")
    command = ["python", "install", "--no-bin", python]
    try:
        run_uv(command, Path.home(), _silent, {"UV_HTTP_RETRIES": "0"})
    except UvFailed:
        return None
    for path in _known_to_uv(python):
        if _version_of(path) == python:
            return Interpreter(python, str(path))
    return None
