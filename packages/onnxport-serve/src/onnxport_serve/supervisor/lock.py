"""One supervisor per endpoint directory: an advisory lock that the kernel frees whatever ends the holder."""

import fcntl
import os
import time
from pathlib import Path

from onnxport_serve.supervisor.problem import Problem, Unusable

LOCK_NAME = "endpoint.lock"
_PATIENCE_S = 0.5
_STEP_S = 0.01


def take_lock(directory: Path) -> int:
    """Lock the endpoint for this process and return the descriptor that holds it.

    Who only looks whether an endpoint lives holds the lock for an instant, hence some patience.

    Raises:
        Unusable: another supervisor holds it, or the directory cannot be written.
    """
    path = directory / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise Unusable(
            Problem(
                "directory_unusable",
                f"the endpoint directory cannot be used ({error.strerror}): {directory}",
                "Give an existing directory that this user may write, with endpoint.json in it.",
            )
        ) from None
    deadline = time.monotonic() + _PATIENCE_S
    while not _locked(descriptor):
        if time.monotonic() > deadline:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise Unusable(_held(directory, holder))
        time.sleep(_STEP_S)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _held(directory: Path, holder: str) -> Problem:
    return Problem(
        "already_running",
        f"the endpoint '{directory.name}' is already served by process {holder}",
        f"Stop that process first, or leave it: it follows {directory / 'endpoint.json'}.",
    )
