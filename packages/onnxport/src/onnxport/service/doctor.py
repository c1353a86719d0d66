"""What this machine lacks for deploying, and the fix for each."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onnxport.errors import OnnxportError, PlatformError, UserError
from onnxport.service.endpoint.ports import choose_port
from onnxport.service.endpoints import Endpoints

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
_LEAST_FREE_BYTES = 1 << 30
_PROBE_S = 60
_TOOLS = ("docker", "podman", "kubectl")
_PROVIDERS = "import onnxruntime as o; print(','.join(o.get_available_providers()))"


@dataclass(frozen=True, slots=True)
class Check:
    """One look: `level` is `ok`, `note` (good to know), `warning` or `missing` (needed, and not there); `fix` says what to do."""

    name: str
    level: str
    what: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """The check for programs."""
        return asdict(self)


def check_machine() -> Iterator[Check]:
    """The interpreter, the packages and the programs."""
    yield _python()
    yield _onnxruntime()
    yield _package(
        "uvloop", "uvloop", "The endpoint runs on plain asyncio without it, more slowly."
    )
    yield _package(
        "simdjson", "pysimdjson", "Large JSON bodies are read without it, at about half the speed."
    )
    yield _uv()
    for tool in _TOOLS:
        path = shutil.which(tool)
        yield Check(tool, "note", f"found at {path}" if path else "not found; needed for its own target only")  # fmt: skip


def check_workspace(root: Path, endpoints: Callable[[], Endpoints]) -> Iterator[Check]:
    """The folder, its disk, the registry, a free port, and the endpoints in it."""
    yield _writable(root)
    yield _disk(root)
    yield _port()
    try:
        views = endpoints().list()
    except (UserError, PlatformError) as error:
        yield Check("registry", "missing", error.message, error.remedy)
        return
    yield Check("registry", "ok", f"{len(views)} endpoints")
    for view in views:
        name = f"endpoint {view.name}"
        if view.state == "stopped":
            yield Check(name, "warning", "it is stopped", f"Start it: onnxport up {view.name}")
        elif view.state in {"failed", "degraded"}:
            why = view.status.error.message if view.status and view.status.error else "see its log"
            yield Check(name, "warning", f"it is {view.state}: {why}", f"Read its log: onnxport logs {view.name}")  # fmt: skip
        else:
            yield Check(name, "ok", f"{view.state} at {view.url}")


def _python() -> Check:
    found = sys.version_info[:2]
    text = f"Python {sys.version.split()[0]}"
    if OLDEST_PYTHON <= found <= NEWEST_PYTHON:
        return Check("python", "ok", text)
    fix = "Install onnxport with Python 3.11 to 3.14: uv tool install --python 3.13 onnxport"
    return Check("python", "missing", f"{text} is not supported", fix)


def _onnxruntime() -> Check:
    """Asked in a process of its own: a broken native library must not take this command along."""
    fix = f"Install it anew: {sys.executable} -m pip install --force-reinstall onnxruntime"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PROVIDERS],
            capture_output=True,
            text=True,
            timeout=_PROBE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check("onnxruntime", "missing", f"it does not start: {error}", fix)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Check("onnxruntime", "missing", f"it cannot be imported: {last[:300]}", fix)
    found = f"{version('onnxruntime')} with {done.stdout.strip().replace(',', ', ')}"
    return Check("onnxruntime", "ok", found)


def _package(module: str, name: str, without: str) -> Check:
    if find_spec(module) is not None:
        return Check(name, "ok", _version(name))
    fix = f"Install it: {sys.executable} -m pip install {name}"
    return Check(name, "warning", f"not installed. {without}", fix)


def _uv() -> Check:
    beside = Path(sys.executable).with_name("uv")
    path = str(beside) if beside.exists() else shutil.which("uv")
    if path is not None:
        return Check("uv", "ok", f"found at {path}")
    fix = f"Install it: {sys.executable} -m pip install uv"
    return Check("uv", "missing", "not found; conversions need it for their environments", fix)


def _writable(root: Path) -> Check:
    fix = f"Give yourself the right to write to {root}, or name another folder with --workspace."
    try:
        with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-"):
            pass
    except OSError as error:
        return Check("workspace", "missing", f"{root} cannot be written: {_reason(error)}", fix)
    return Check("workspace", "ok", f"{root} can be written")


def _disk(root: Path) -> Check:
    free = shutil.disk_usage(root).free
    text = f"{free / 1e9:.1f} GB free on the workspace's disk"
    if free >= _LEAST_FREE_BYTES:
        return Check("disk", "ok", text)
    return Check("disk", "warning", text, "Free some space: onnxport workspace gc")


def _port() -> Check:
    try:
        return Check("port", "ok", f"{choose_port('127.0.0.1', ())} is free on 127.0.0.1")
    except OnnxportError as error:
        return Check("port", "missing", error.message, error.remedy)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "version unknown"
