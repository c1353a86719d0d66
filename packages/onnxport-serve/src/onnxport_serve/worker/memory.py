"""The worker's own limit of memory: an allocation beyond it fails inside `run()`, costing one request and nothing else."""

from __future__ import annotations

import resource
import sys

_MEBIBYTE = 1 << 20
_LEAST_ROOM = 16 * _MEBIBYTE


def limit(memory_mb: int | None) -> None:
    """Let the data of the process grow until what is resident reaches the limit; a worker that gets beyond it is ended by its front.

    The kernel counts data by what is mapped, most of which (stacks, arenas) is never touched; so only what comes from here on is limited.
    """
    if memory_mb is None or sys.platform != "linux":
        return
    sizes = _sizes()
    if not sizes:
        return
    room = max(memory_mb * _MEBIBYTE - sizes["VmRSS"], _LEAST_ROOM)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = sizes["VmData"] + room
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def _sizes() -> dict[str, int]:
    """`VmRSS` and `VmData` of this process in bytes; empty where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    sizes = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmData"):
            sizes[name] = int(value.split()[0]) * 1024
    return sizes if len(sizes) == 2 else {}
