"""Locks between processes, released by the kernel when their holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onnxport.registry.errors import WorkspaceBusy

_LOOK_AGAIN_S = 0.02


@contextmanager
def shared(path: Path, *, timeout_s: float = 600) -> Iterator[None]:
    """Hold the lock together with other sharers; raises `WorkspaceBusy` after `timeout_s`."""
    yield from _hold(path, fcntl.LOCK_SH, timeout_s)


@contextmanager
def exclusive(path: Path, *, timeout_s: float = 600) -> Iterator[None]:
    """Hold the lock alone; raises `WorkspaceBusy` after `timeout_s`."""
    yield from _hold(path, fcntl.LOCK_EX, timeout_s)


def _hold(path: Path, mode: int, timeout_s: float) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait(descriptor, path, mode, timeout_s)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, mode: int, timeout_s: float) -> None:
    give_up = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise WorkspaceBusy(str(path), timeout_s) from None
            time.sleep(_LOOK_AGAIN_S)
        else:
            return
