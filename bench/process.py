"""Times and memory of processes."""

import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil

from bench.endpoint import fresh_environment


def time_command(command: Sequence[str], runs: int = 5) -> float:
    """Median seconds from start to exit; the first run, which fills caches, is not counted."""
    times = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        subprocess.run(command, env=fresh_environment(), capture_output=True, check=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and all below it, in MB (10^6 bytes)."""
    root = psutil.Process(pid)
    return sum(_pss(process.pid) for process in (root, *root.children(recursive=True))) / 1e6


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and all below it have used."""
    root = psutil.Process(pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


class Others:
    """CPU cores that other work on the machine used since the start of the block; `cores` is known after it."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self.cores = 0.0

    def __enter__(self) -> Self:
        self._before = self._foreign()
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        elapsed = time.perf_counter() - self._begun
        self.cores = max(0.0, self._foreign() - self._before) / elapsed

    def _foreign(self) -> float:
        times = psutil.cpu_times()
        busy = sum(times) - times.idle - getattr(times, "iowait", 0) - getattr(times, "guest", 0)
        mine = resource.getrusage(resource.RUSAGE_SELF)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = mine.ru_utime + mine.ru_stime + ended.ru_utime + ended.ru_stime
        return busy - own - sum(cpu_seconds(pid) for pid in self._pids)


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
