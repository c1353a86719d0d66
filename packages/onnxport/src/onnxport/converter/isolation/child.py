"""Running a converter as a child process in its environment, with limits, and reading what it leaves."""

import importlib.util
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from onnxport.converter.inside import run as _program
from onnxport.converter.interface import Case, ConversionRefused, Exported, Job
from onnxport.converter.isolation.errors import CannotIsolate, ChildCrashed, ChildLimitReached
from onnxport.converter.isolation.left_behind import LeftBehind
from onnxport.converter.isolation.process import ChildLimits, Ended, run_limited
from onnxport.converter.isolation.source import place_of, readable_for
from onnxport.domain.printable_text import printable
from onnxport.errors import UserError

_PACKAGE = Path(__file__).parents[2]
PROTECTIONS = frozenset({"network", "processes", "files"})
"""What must hold for a file that runs code."""

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "JAVA_HOME", "TZ")


class Isolation(StrEnum):
    """Whether the child must be shut in, is as far as the system can, or is not."""

    REQUIRED = "required"
    PREFERRED = "preferred"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Converted:
    """What the child left: the export, the cases, the packages it ran with; and which protections held (`inside/sandbox.py`)."""

    exported: Exported
    cases: tuple[Case, ...]
    packages: Mapping[str, str]
    protections: frozenset[str]

    @property
    def isolated(self) -> bool:
        """Whether it was cut off from the network, from other processes, and from all files but its own and the model."""
        return self.protections >= PROTECTIONS


class ModelUnreadable(UserError):
    """The framework could not open the file."""

    code = "model_unreadable"

    def __init__(self, source: Path, said: str) -> None:
        super().__init__(
            f"{source.name} could not be opened by its framework: {said}",
            "Check that the file is whole, and that it was saved by a version of the framework that can read it; save it again.",
        )


class ExportFailed(UserError):
    """The framework's exporter, or its own run of the model, failed."""

    code = "export_failed"

    def __init__(self, source: Path, stage: str, said: str) -> None:
        what = "exporter failed" if stage == "export" else "own run of the model failed"
        super().__init__(
            f"{source.name} was opened, but its framework's {what}: {said}",
            "Give real inputs with --sample if the message is about inputs; otherwise this model needs another converter.",
        )


def run_converter(
    module: str, python: Path, job: Job, limits: ChildLimits, isolation: Isolation, folder: Path
) -> Converted:
    """Run one job in an empty folder. Raises an error of this module, of `errors`, or `ConversionRefused`."""
    _write_job(job, limits, isolation, folder)
    ended = _run(module, python, limits, folder)
    held = _held(ended.first_words)
    if held is not None and (missing := _required(isolation) - held):
        raise CannotIsolate(job.source, sorted(missing))
    left = LeftBehind(folder, job.source, limits)
    result = left.result()
    if result is None:
        _raise_ending(ended, limits)
    if "error" in result:
        _raise_error(job.source, limits, **left.error(result))
    exported, cases, packages = left.converted(result)
    return Converted(exported, cases, packages, frozenset(held or ()))


def _required(isolation: Isolation) -> frozenset[str]:
    return PROTECTIONS if isolation is Isolation.REQUIRED else frozenset()


def _held(first_words: str) -> set[str] | None:
    """What the child said before the model had a say; `None` where it did not come to that."""
    line = next((li for li in first_words.splitlines() if li.startswith(_program.HELD)), None)
    return None if line is None else set(json.loads(line.removeprefix(_program.HELD)))


def _raise_ending(ended: Ended, limits: ChildLimits) -> NoReturn:
    if ended.exit_code in (128 + signal.SIGXCPU, -signal.SIGXCPU):
        raise ChildLimitReached(f"used {limits.time_s} s of processor time", "--time-limit")
    said = [
        line
        for line in ended.last_words.splitlines()
        if line.strip() and not line.startswith(_program.HELD)
    ]
    raise ChildCrashed(ended.exit_code, printable(" ".join(said[-1].split()))[:300] if said else "")


def _write_job(job: Job, limits: ChildLimits, isolation: Isolation, folder: Path) -> None:
    import numpy as np

    sample = job.sample
    if sample is not None:
        arrays = {f"a{position}": array for position, array in enumerate(sample.values())}
        np.savez(folder / "sample.npz", **arrays)
    document = {
        "source": str(place_of(job.source)),
        "kind": job.kind,
        "remedy": job.remedy,
        "trusted": job.trusted,
        "sample": None if sample is None else list(sample),
        "code": None
        if job.code is None
        else {**vars(job.code), "file": str(place_of(job.code.file))},
        "inputs": job.inputs,
        "outputs": job.outputs,
        "opset": job.opset,
        "parent": os.getpid(),
        "shut_in": isolation is not Isolation.NO,
        "required": sorted(_required(isolation)),
        "readable": readable_for(job),
        "memory_bytes": limits.memory_bytes,
        "disk_bytes": limits.disk_bytes,
        "cpu_s": limits.time_s * max(1, os.cpu_count() or 1),
    }
    (folder / "job.json").write_text(json.dumps(document), encoding="utf-8")


def _run(module: str, python: Path, limits: ChildLimits, folder: Path) -> Ended:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    command = [python, "-s", "-B", _program.__file__, _PACKAGE, module, spec.origin, folder]
    return run_limited([str(part) for part in command], _environment_of(folder), limits, folder)


def _environment_of(folder: Path) -> dict[str, str]:
    """Little is passed on: nothing of the user's secrets."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    threads = str(min(4, os.cpu_count() or 1))
    return {
        **passed,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        # The same file gives the same bytes: exporters walk sets of names. It is why Python is not started with -I.
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
    }


def _raise_error(
    source: Path, limits: ChildLimits, stage: str, message: str, remedy: str, *, refused: bool
) -> None:
    if refused:
        error = ConversionRefused(message, remedy)
        error.stage = stage
        raise error
    if stage == "memory":
        size = limits.memory_bytes / (1 << 30)
        raise ChildLimitReached(f"needed more than {size:g} GiB of memory", "--memory-limit")
    if stage == "open":
        raise ModelUnreadable(source, message)
    raise ExportFailed(source, stage, message)
