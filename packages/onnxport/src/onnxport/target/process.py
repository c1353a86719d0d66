"""The target `process`: the supervisor of the data plane as a detached process of this machine."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from onnxport.domain.status import EndpointStatus
from onnxport.environment.own_python import own_python
from onnxport.target._log_tail import last_lines
from onnxport.target.interface import StartFailed, StopFailed, Target

NAME = "process"
TITLE = "This machine, as a process group of its own"
EXTRA = None

_POLL_S = 0.01
_START_S = 20.0
_KILL_S = 5.0
_KEPT_VARIABLES = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
}
_KEPT_PREFIXES = (
    "LC_",
    "LD_",
    "DYLD_",
    "PYTHON",
    "OMP_",
    "KMP_",
    "CUDA",
    "NVIDIA_",
    "ORT_",
    "ONNXPORT_SERVE_",
)
_LOG_LINES = 12

_children: list[subprocess.Popen[bytes]] = []
"""Supervisors that this process started: they outlive it, and are reaped when they end before it."""


def create() -> "ProcessTarget":
    """The target as discovery makes it."""
    return ProcessTarget()


class ProcessTarget(Target):
    """Runs endpoints as detached processes; whether one lives is told by its lock, not by a process number.

    Args:
        command: starts a supervisor; `--directory PATH` is added.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or [own_python(), "-P", "-m", "onnxport_serve"])

    def start(self, directory: Path) -> None:
        """Start the supervisor in a session of its own, its output appended to `logs/endpoint.log`."""
        if self.is_running(directory):
            return
        (directory / "status.json").unlink(missing_ok=True)
        log = directory / "logs" / "endpoint.log"
        log.parent.mkdir(exist_ok=True)
        command = [*self._command, "--directory", str(directory)]
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=_environment(),
                start_new_session=True,
            )
        _children[:] = [*(other for other in _children if other.poll() is None), child]
        # Its first status, not its lock, is waited for: looking at the lock would be in its way while it takes it.
        status = directory / "status.json"
        if not _wait(lambda: status.exists() or self._is_over(directory, child), _START_S):
            child.kill()
            child.wait()
        if not status.exists():
            tail = tuple(self.logs(directory, _LOG_LINES))
            why = f"its process ended at once (exit code {child.returncode})"
            remedy = f"Read the log: onnxport logs {directory.name}"
            raise StartFailed(directory.name, why, remedy, tail)

    def stop(self, directory: Path, timeout_s: float) -> None:
        """SIGTERM, then SIGKILL to the whole process group."""
        if not self.is_running(directory):
            return
        pid = self._pid(directory)
        if pid is None:
            raise StopFailed(directory.name, None)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not _wait(lambda: not self.is_running(directory), timeout_s):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            if not _wait(lambda: not self.is_running(directory), _KILL_S):
                raise StopFailed(directory.name, pid)
        _reap(pid)

    def is_running(self, directory: Path) -> bool:
        """Whether somebody holds `endpoint.lock`."""
        try:
            descriptor = os.open(directory / "endpoint.lock", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def status(self, directory: Path) -> EndpointStatus | None:
        """The content of `status.json`."""
        try:
            return EndpointStatus.from_json(json.loads((directory / "status.json").read_bytes()))
        except (OSError, KeyError, TypeError, ValueError):
            return None

    def notify(self, directory: Path) -> None:
        """SIGHUP to the supervisor."""
        status = self.status(directory)
        if status is not None and self.is_running(directory):
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGHUP)

    def logs(self, directory: Path, lines: int) -> list[str]:
        """The end of `logs/endpoint.log`."""
        return last_lines(directory / "logs" / "endpoint.log", lines)

    def _is_over(self, directory: Path, child: "subprocess.Popen[bytes]") -> bool:
        """Whether nothing will come: a killed command's supervisor may have been first, and ours has given way to it."""
        return child.poll() is not None and not self.is_running(directory)

    def _pid(self, directory: Path) -> int | None:
        """The supervisor's process number, which it writes into its lock."""
        status = self.status(directory)
        if status is not None:
            return status.pid
        text = (directory / "endpoint.lock").read_text("ascii", "replace").strip()
        return int(text) if text.isdecimal() else None


def _reap(pid: int) -> None:
    """Take note of the end of a supervisor that this very process started."""
    for child in _children:
        if child.pid == pid:
            child.wait(_KILL_S)
    _children[:] = [child for child in _children if child.returncode is None]


def _environment() -> dict[str, str]:
    """What a serving process may see of the environment: nothing that only concerns the person's shell."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)
    }


def _wait(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Look until the condition holds; whether it did within the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return condition()
        time.sleep(_POLL_S)
    return True
