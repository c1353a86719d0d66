"""What this process may use: CPU cores by quota and affinity, memory by limit and what is free.

Containers limit a process through control groups (cgroup v1 and v2) without changing what `os.cpu_count` says; a thread pool
sized by the host's cores is then throttled. Elsewhere (macOS) the operating system's own numbers are used.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_UNLIMITED_FROM = 1 << 60


@dataclass(frozen=True, slots=True)
class Machine:
    """The share of the machine that this process has; memory in bytes, `None` where nothing is known.

    `quota` is cores by control group, `affinity` the cores it may be scheduled on, `cpu_count` those of the host.
    """

    cpu_count: int
    affinity: int | None = None
    quota: float | None = None
    memory_total: int | None = None
    memory_available: int | None = None

    @property
    def cores(self) -> float:
        """Cores that can really be used, by the narrowest limit; more than 0."""
        limits = (float(self.cpu_count), self.affinity, self.quota)
        return min(limit for limit in limits if limit is not None)

    @property
    def threads(self) -> int:
        """How many busy threads fit without being throttled; at least 1."""
        return max(1, int(self.cores))

    @property
    def reason(self) -> str:
        """Where `cores` comes from, for the log: `1.5 cores (cgroup quota 1.5, affinity 4, host 8)`."""
        quota = "none" if self.quota is None else f"{self.quota:g}"
        affinity = "unknown" if self.affinity is None else str(self.affinity)
        host = f"cgroup quota {quota}, affinity {affinity}, host {self.cpu_count}"
        return f"{self.cores:g} cores ({host})"

    def divided(self, processes: int) -> "Machine":
        """The share of one of several processes that work side by side."""
        return self if processes == 1 else replace(self, quota=self.cores / processes)


def read_machine(root: Path = Path("/")) -> Machine:
    """Look at the machine; `root` is where `/proc` and `/sys` are found."""
    total, available = _memory(root)
    return Machine(
        cpu_count=os.cpu_count() or 1,
        affinity=_affinity(),
        quota=_cpu_quota(root),
        memory_total=total,
        memory_available=available,
    )


def _affinity() -> int | None:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return None


def _cpu_quota(root: Path) -> float | None:
    quotas = []
    for group in _groups(root, "cpu"):
        if (text := _text(group / "cpu.max")) is not None:
            quota, _, period = text.partition(" ")
        else:
            quota = _text(group / "cpu.cfs_quota_us") or ""
            period = _text(group / "cpu.cfs_period_us") or ""
        if quota.isdigit() and period.isdigit() and int(quota) > 0 and int(period) > 0:
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def _memory(root: Path) -> tuple[int | None, int | None]:
    host_total, host_available = _host_memory(root)
    totals = [] if host_total is None else [host_total]
    available = [] if host_available is None else [host_available]
    for group in _groups(root, "memory"):
        limit = _number(group, "memory.max", "memory.limit_in_bytes")
        used = _number(group, "memory.current", "memory.usage_in_bytes")
        if limit is None or limit >= _UNLIMITED_FROM:
            continue
        totals.append(limit)
        if used is not None:
            # The page cache counts as used, and is given back under pressure.
            available.append(max(0, limit - used + _reclaimable(group)))
    return min(totals, default=None), min(available, default=None)


def _host_memory(root: Path) -> tuple[int | None, int | None]:
    text = _text(root / "proc/meminfo")
    if text is None:
        return _pages("SC_PHYS_PAGES"), None
    sizes = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return _kibibytes(sizes.get("MemTotal")), _kibibytes(sizes.get("MemAvailable"))


def _pages(name: str) -> int | None:
    try:
        return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _kibibytes(text: str | None) -> int | None:
    number = (text or "").strip().partition(" ")[0]
    return int(number) * 1024 if number.isdigit() else None


def _reclaimable(group: Path) -> int:
    for line in (_text(group / "memory.stat") or "").splitlines():
        name, _, number = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file") and number.isdigit():
            return int(number)
    return 0


def _number(group: Path, *names: str) -> int | None:
    for name in names:
        text = _text(group / name)
        if text is not None and text.isdigit():
            return int(text)
    return None


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The control groups of this process that may limit it: its own, then every one above it.

    A container may see its own group as the root of the mount while `/proc/self/cgroup` names it by the host's path; paths that do
    not exist are passed over, and the root of the mount is always looked at.
    """
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            mount = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            mount = _v1_mount(root, controller, controllers)
        else:
            continue
        below = mount / path.strip("/")
        yield from (folder for folder in (below, *below.parents) if folder.is_relative_to(mount))


def _v1_mount(root: Path, controller: str, controllers: str) -> Path:
    joined = root / "sys/fs/cgroup" / controllers
    return joined if joined.is_dir() else root / "sys/fs/cgroup" / controller


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
