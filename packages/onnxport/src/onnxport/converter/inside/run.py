"""The program that onnxport starts in an environment: `python -s run.py PACKAGE TASK FOLDER`.

It reads `job.json` in FOLDER, shuts itself in where the job says so, limits itself, does the task (`convert` or `answer`, modules beside
this one), and leaves `result.json`, written last. Standard library only, and Python 3.8.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

HELD = "onnxport holds: "
"""What stands before the names of the protections that hold, in the first line of the output."""

_MOST_PROCESSES = 4096


def main(package: str, task: str, folder: Path) -> None:
    """Do the job in `folder`."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    _make_importable(package)
    sys.path += [folder for folder in job.get("path", ()) if folder not in sys.path]
    held = _shut_in(job, package, folder)
    # Said before anything of the model runs: what it says later cannot come before it.
    print(HELD + json.dumps(held), flush=True)
    if not set(job["required"]) <= set(held):
        return
    _limit(job["memory_bytes"], job["disk_bytes"], job["cpu_s"], alone="processes" in held)
    try:
        result = importlib.import_module("onnxport.converter.inside." + task).do(job, folder)
    except MemoryError:
        result = {"error": {"stage": "memory", "message": "", "remedy": "", "refused": False}}
    _write_result(folder, result)


def _make_importable(package: str) -> None:
    """Of onnxport only what is asked for is imported, from its source files."""
    root = types.ModuleType("onnxport")
    root.__path__ = [package]
    sys.modules["onnxport"] = root


def _shut_in(job: dict[str, Any], package: str, folder: Path) -> list[str]:
    from onnxport.converter.inside import sandbox
    from onnxport.converter.inside.readable import readable

    sandbox.end_with(job["parent"])
    # Where the machine's memory runs out, this goes first, and nothing else of the user's.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    if not job["shut_in"]:
        return []
    return sandbox.shut_in(folder, [*readable(package), *job["readable"]])


def _write_result(folder: Path, result: dict[str, Any]) -> None:
    beside = folder / "result.json.part"
    beside.write_text(json.dumps(result), encoding="utf-8")
    beside.rename(folder / "result.json")


def _limit(memory_bytes: int, disk_bytes: int, cpu_s: int, *, alone: bool) -> None:
    """Limit this process and what it starts; `alone` says that no other process of the user counts among its own."""
    import resource

    wanted = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: disk_bytes,
        resource.RLIMIT_AS: memory_bytes,
    }
    if alone and _kernel() >= (5, 14):
        # Older kernels count the user's other processes too.
        wanted[resource.RLIMIT_NPROC] = _MOST_PROCESSES
    for kind, most in wanted.items():
        # Some systems have no limit of address space, and nobody may raise what is lower already.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def _kernel() -> tuple[int, int]:
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


if __name__ == "__main__":
    # Beside this file stand folders that are named as the frameworks are.
    del sys.path[0]
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
