"""Starting the child process, and watching its time, its folder and its output until it ends."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from onnxport.converter.isolation.errors import ChildLimitReached
from onnxport.converter.isolation.folder import size_of

_LOOK_EVERY_S = 0.25
_LOOK_AGAIN_S = 0.02
_GRACE_S = 5
_LEAST_FREE_BYTES = 256 << 20
_KEPT_BYTES = 16 << 10
_READ_AT_ONCE = 64 << 10


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Wall-clock seconds, bytes of address space of each process, and bytes on disk of all that is written."""

    time_s: int = 900
    memory_bytes: int = 8 << 30
    disk_bytes: int = 16 << 30


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code (negative: a signal), and the first and last words of its output."""

    exit_code: int
    first_words: str
    last_words: str


def run_limited(
    command: Sequence[str], environment: Mapping[str, str], limits: ChildLimits, folder: Path
) -> Ended:
    """Run a command in a folder until it ends; raises `ChildLimitReached`. Nothing that it started outlives this call."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    output = _Output(process.stdout.fileno())
    try:
        _watch(process, output, limits, folder)
    finally:
        _end(process)
        output.take(0)
        process.stdout.close()
    return Ended(process.returncode, *output.words())


def _watch(
    process: "subprocess.Popen[bytes]", output: "_Output", limits: ChildLimits, folder: Path
) -> None:
    last = time.monotonic() + limits.time_s
    least_free = min(_LEAST_FREE_BYTES, _free_bytes(folder) // 2)
    look = 0.0
    while not _has_ended(process):
        now = time.monotonic()
        if now >= last:
            raise ChildLimitReached(f"took longer than {limits.time_s} s", "--time-limit")
        if now >= look:
            _check_disk(folder, limits, least_free)
            # Looking into a large folder takes a while: it may take a tenth of the time.
            took_s = time.monotonic() - now
            look = now + max(_LOOK_EVERY_S, 10 * took_s)
        output.take(min(_LOOK_EVERY_S, last - now))


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether it has, without taking note of it where the system can tell: until then its number is nobody else's."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a child with all that it started: asked first, because it waits until all of that is gone; then by force."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    until = time.monotonic() + _GRACE_S
    while not _has_ended(process) and time.monotonic() < until:
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _check_disk(folder: Path, limits: ChildLimits, least_free: int) -> None:
    if size_of(folder, limits.disk_bytes) > limits.disk_bytes:
        most = limits.disk_bytes / (1 << 30)
        raise ChildLimitReached(f"wrote more than {most:g} GiB to disk", "--disk-limit")
    # What is written to files without a name is seen only by this.
    if _free_bytes(folder) < least_free:
        raise ChildLimitReached(
            "filled the disk with temporary files", "TMPDIR set to a folder on a larger disk"
        )


def _free_bytes(folder: Path) -> int:
    place = os.statvfs(folder)
    return place.f_bavail * place.f_frsize


class _Output:
    """The output of a child as it comes: its beginning and its end are kept, however long it is."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._head = self._tail = b""
        self._open = True

    def take(self, wait_s: float) -> None:
        """Take what there is, up to what a pipe holds; wait for it for this long."""
        if not self._open:
            time.sleep(min(wait_s, _LOOK_AGAIN_S))
            return
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        if not waiting.poll(wait_s * 1000):
            return
        body = os.read(self._descriptor, _READ_AT_ONCE)
        self._open = bool(body)
        self._head += body[: _KEPT_BYTES - len(self._head)]
        self._tail = (self._tail + body)[-_KEPT_BYTES:]

    def words(self) -> tuple[str, str]:
        """The beginning and the end, as text."""
        return self._head.decode(errors="replace"), self._tail.decode(errors="replace")
