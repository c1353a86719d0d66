"""Running a task of `converter/inside` as a child process, shut in and with limits, in an environment or in onnxport's own."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport.converter.inside import run as _program
from onnxport.converter.isolation.confinement import PROTECTIONS, Confinement, Isolation
from onnxport.converter.isolation.errors import CannotIsolate, ChildLimitReached
from onnxport.converter.isolation.process import Ended, run_limited
from onnxport.domain.printable_text import printable

_PACKAGE = Path(__file__).parents[2]
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "JAVA_HOME", "TZ")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a child ended (negative: by a signal), its last words, and which protections held (`inside/sandbox.py`)."""

    exit_code: int
    last_words: str
    protections: frozenset[str]


def run_program(
    task: str,
    python: Path,
    document: Mapping[str, Any],
    confinement: Confinement,
    folder: Path,
    source: Path,
) -> Ran:
    """Do a task in a folder that holds what it works on; its answer is in `result.json` there, if it came to that.

    Args:
        task: a module of `converter/inside`.
        python: the interpreter.
        document: what the task is told; `readable` in it are paths that it may read beside what every program may, `path` folders of
            packages beside those of the interpreter.
        confinement: how it runs.
        folder: what it may write.
        source: the model, for messages.

    Raises:
        CannotIsolate: a protection that is required does not hold; then the task was not begun.
        ChildLimitReached: it used more time or space than it may.
    """
    limits = confinement.limits
    required = PROTECTIONS if confinement.isolation is Isolation.REQUIRED else frozenset()
    told = {
        **document,
        "parent": os.getpid(),
        "shut_in": confinement.isolation is not Isolation.NO,
        "required": sorted(required),
        "memory_bytes": limits.memory_bytes,
        "disk_bytes": limits.disk_bytes,
        "cpu_s": limits.time_s * max(1, os.cpu_count() or 1),
    }
    (folder / "job.json").write_text(json.dumps(told), encoding="utf-8")
    # Not with -I, which would leave out the hash seed; the environment is made here.
    command = [python, "-s", "-B", _program.__file__, _PACKAGE, task, folder]
    ended = run_limited([str(part) for part in command], _environment_of(folder), limits, folder)
    held = _held(ended.first_words)
    if held is not None and (missing := required - held):
        raise CannotIsolate(source, sorted(missing))
    if ended.exit_code in (128 + signal.SIGXCPU, -signal.SIGXCPU):
        raise ChildLimitReached(f"used {limits.time_s} s of processor time", "--time-limit")
    return Ran(ended.exit_code, _last_words(ended), frozenset(held or ()))


def _held(first_words: str) -> set[str] | None:
    """What the child said before the model had a say; `None` where it did not come to that."""
    line = next((li for li in first_words.splitlines() if li.startswith(_program.HELD)), None)
    return None if line is None else set(json.loads(line.removeprefix(_program.HELD)))


def _last_words(ended: Ended) -> str:
    said = [
        line
        for line in ended.last_words.splitlines()
        if line.strip() and not line.startswith(_program.HELD)
    ]
    return printable(" ".join(said[-1].split()))[:300] if said else ""


def _environment_of(folder: Path) -> dict[str, str]:
    """Little is passed on: nothing of the user's secrets."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    threads = str(min(4, os.cpu_count() or 1))
    return {
        **passed,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        # The same file gives the same bytes: exporters walk sets of names.
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
    }
