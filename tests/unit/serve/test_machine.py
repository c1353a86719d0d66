"""The share of the machine is read from control groups of both versions, from trees of files like the kernel's."""

from pathlib import Path

import pytest
from onnxport_serve.machine import Machine, read_machine


def _tree(root: Path, files: dict[str, str]) -> Path:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


V2 = "0::/pod/app\n"
V1 = "4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n0::/\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, None, id="no control groups"),
        pytest.param({"proc/self/cgroup": V2}, None, id="v2 without a limit file"),
        pytest.param(
            {"proc/self/cgroup": V2, "sys/fs/cgroup/pod/app/cpu.max": "max 100000\n"},
            None,
            id="v2 unlimited",
        ),
        pytest.param(
            {"proc/self/cgroup": V2, "sys/fs/cgroup/pod/app/cpu.max": "150000 100000\n"},
            1.5,
            id="v2 own group",
        ),
        pytest.param(
            {
                "proc/self/cgroup": V2,
                "sys/fs/cgroup/pod/app/cpu.max": "max 100000\n",
                "sys/fs/cgroup/pod/cpu.max": "50000 100000\n",
            },
            0.5,
            id="v2 group above is narrower",
        ),
        pytest.param(
            {"proc/self/cgroup": V2, "sys/fs/cgroup/cpu.max": "200000 100000\n"},
            2.0,
            id="v2 group seen as the root of the mount",
        ),
        pytest.param(
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us": "250000\n",
                "sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_period_us": "100000\n",
            },
            2.5,
            id="v1 joined mount",
        ),
        pytest.param(
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
            id="v1 unlimited",
        ),
        pytest.param(
            {"proc/self/cgroup": V2, "sys/fs/cgroup/pod/app/cpu.max": "garbage"},
            None,
            id="unreadable text",
        ),
    ],
)
def test_cpu_quota_is_the_narrowest_limit(
    tmp_path: Path, files: dict[str, str], expected: float | None
) -> None:
    assert expected == read_machine(_tree(tmp_path, files)).quota


def test_memory_is_the_groups_limit_and_the_page_cache_counts_as_free(tmp_path: Path) -> None:
    root = _tree(
        tmp_path,
        {
            "proc/self/cgroup": V2,
            "proc/meminfo": "MemTotal: 8000 kB\nMemFree: 1 kB\nMemAvailable: 4000 kB\n",
            "sys/fs/cgroup/pod/app/memory.max": "2000000",
            "sys/fs/cgroup/pod/app/memory.current": "1500000",
            "sys/fs/cgroup/pod/app/memory.stat": "anon 1\ninactive_file 300000\n",
        },
    )
    machine = read_machine(root)
    assert (2_000_000, 800_000) == (machine.memory_total, machine.memory_available)


def test_memory_of_the_host_where_no_group_limits(tmp_path: Path) -> None:
    root = _tree(
        tmp_path,
        {
            "proc/self/cgroup": V1,
            "proc/meminfo": "MemTotal: 8000 kB\nMemAvailable: 4000 kB\n",
            "sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/memory/docker/a/memory.usage_in_bytes": "1",
        },
    )
    machine = read_machine(root)
    assert (8_192_000, 4_096_000) == (machine.memory_total, machine.memory_available)


@pytest.mark.parametrize(
    ("machine", "cores", "threads"),
    [
        pytest.param(Machine(8), 8.0, 8, id="host"),
        pytest.param(Machine(8, affinity=2), 2, 2, id="affinity"),
        pytest.param(Machine(8, 4, 2.9), 2.9, 2, id="quota"),
        pytest.param(Machine(8, 4, 0.2), 0.2, 1, id="less than a core"),
        pytest.param(Machine(8, 6).divided(4), 1.5, 1, id="one of four processes"),
        pytest.param(Machine(8, 6).divided(1), 6, 6, id="the only process"),
    ],
)
def test_cores_and_threads_follow_the_narrowest_limit(
    machine: Machine, cores: float, threads: int
) -> None:
    assert (cores, threads) == (machine.cores, machine.threads)


def test_reason_names_every_limit() -> None:
    assert Machine(8, 4, 1.5).reason == "1.5 cores (cgroup quota 1.5, affinity 4, host 8)"


def test_this_machine_has_at_least_some_of_a_core() -> None:
    machine = read_machine()
    assert machine.cores > 0
    assert machine.threads >= 1
