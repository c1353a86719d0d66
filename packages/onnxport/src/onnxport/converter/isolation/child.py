"""Running a converter as a child process in its environment, with limits, and reading what it leaves."""

import importlib.util
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from onnxport.converter.inside import run as _program
from onnxport.converter.interface import Case, ConversionRefused, Exported, Job, Output
from onnxport.converter.isolation.errors import CannotIsolate, ChildCrashed, ChildLimitReached
from onnxport.errors import UserError

_PACKAGE = Path(__file__).parents[2]
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


class Isolation(StrEnum):
    """Whether the child must be cut off from the network, is where the system can, or is not."""

    REQUIRED = "required"
    PREFERRED = "preferred"
    NO = "no"


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Wall-clock seconds, and bytes of address space."""

    time_s: int = 900
    memory_bytes: int = 8 << 30


@dataclass(frozen=True, slots=True)
class Converted:
    """What the child left: the export, the cases, the packages it ran with, and whether it was cut off from the network."""

    exported: Exported
    cases: tuple[Case, ...]
    packages: Mapping[str, str]
    isolated: bool


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
    exit_code = _run(module, python, limits, folder)
    result = _read_result(folder)
    if result is None:
        if exit_code in (128 + signal.SIGXCPU, -signal.SIGXCPU):
            raise ChildLimitReached(f"used {limits.time_s} s of processor time", "--time-limit")
        raise ChildCrashed(exit_code, _last_words(folder))
    if result.get("cannot_isolate"):
        raise CannotIsolate(job.source)
    if "error" in result:
        _raise_error(job.source, limits, **result["error"])
    return _read_converted(result, folder)


def _write_job(job: Job, limits: ChildLimits, isolation: Isolation, folder: Path) -> None:
    import numpy as np

    sample = job.sample
    if sample is not None:
        arrays = {f"a{position}": array for position, array in enumerate(sample.values())}
        np.savez(folder / "sample.npz", **arrays)
    document = {
        "source": str(job.source.absolute()),
        "kind": job.kind,
        "remedy": job.remedy,
        "trusted": job.trusted,
        "sample": None if sample is None else list(sample),
        "code": None
        if job.code is None
        else {**vars(job.code), "file": str(job.code.file.absolute())},
        "inputs": job.inputs,
        "outputs": job.outputs,
        "opset": job.opset,
        "isolate": isolation,
        "memory_bytes": limits.memory_bytes,
        "cpu_s": limits.time_s * max(1, os.cpu_count() or 1),
    }
    (folder / "job.json").write_text(json.dumps(document), encoding="utf-8")


def _run(module: str, python: Path, limits: ChildLimits, folder: Path) -> int:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    command = [python, "-I", "-B", _program.__file__, _PACKAGE, module, spec.origin, folder]
    with (folder / "words.txt").open("wb") as words:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=_environment_of(folder),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    try:
        return process.wait(limits.time_s)
    except subprocess.TimeoutExpired:
        raise ChildLimitReached(f"took longer than {limits.time_s} s", "--time-limit") from None
    finally:
        # Also what the child started and left behind in its session.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment_of(folder: Path) -> dict[str, str]:
    """Little is passed on: nothing of the user's secrets."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    threads = str(min(4, os.cpu_count() or 1))
    return {
        **passed,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
    }


def _read_result(folder: Path) -> dict[str, Any] | None:
    try:
        result: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return result


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


def _read_converted(result: Mapping[str, Any], folder: Path) -> Converted:
    outputs = tuple(
        Output(**{**output, "labels": tuple(output["labels"])}) for output in result["outputs"]
    )
    exported = Exported(
        (folder / "model.onnx").read_bytes(),
        outputs,
        result["framework_version"],
        tuple(result["remarks"]),
        tuple(result["inputs"]),
    )
    cases = tuple(_read_case(folder, *entry) for entry in enumerate(result["cases"]))
    return Converted(exported, cases, result["packages"], result["isolated"])


def _read_case(folder: Path, number: int, entry: Mapping[str, Any]) -> Case:
    import numpy as np

    sides = {}
    for side in ("inputs", "expected"):
        with np.load(folder / f"case-{number}-{side}.npz", allow_pickle=False) as arrays:
            sides[side] = {name: arrays[f"a{index}"] for index, name in enumerate(entry[side])}
    return Case(
        entry["origin"], sides["inputs"], sides["expected"], entry["batched"], entry["optional"]
    )


def _last_words(folder: Path) -> str:
    lines = (folder / "words.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    last = " ".join(lines[-1].split()) if lines else ""
    return "".join(c if c.isprintable() else "?" for c in last)[:300]
