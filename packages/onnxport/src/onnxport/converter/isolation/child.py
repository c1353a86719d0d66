"""Running a converter as a child process in its environment, with limits, and reading what it leaves."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport.converter.inside.arrays import write_arrays
from onnxport.converter.interface import Case, ConversionRefused, Exported, Job
from onnxport.converter.isolation.confinement import PROTECTIONS, Confinement
from onnxport.converter.isolation.errors import ChildCrashed, ChildLimitReached
from onnxport.converter.isolation.left_behind import LeftBehind
from onnxport.converter.isolation.process import ChildLimits
from onnxport.converter.isolation.program import run_program
from onnxport.converter.isolation.source import place_of, readable_for
from onnxport.errors import UserError


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
    module: str, python: Path, job: Job, confinement: Confinement, folder: Path
) -> Converted:
    """Run one job in an empty folder. Raises an error of this module, of `errors`, or `ConversionRefused`."""
    ran = run_program(
        "convert", python, _document(module, job, folder), confinement, folder, job.source
    )
    left = LeftBehind(folder, job.source, confinement.limits)
    result = left.result()
    if result is None:
        raise ChildCrashed(ran.exit_code, ran.last_words)
    if "error" in result:
        _raise_error(job.source, confinement.limits, **left.error(result))
    exported, cases, packages = left.converted(result)
    return Converted(exported, cases, packages, ran.protections)


def _document(module: str, job: Job, folder: Path) -> dict[str, Any]:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    if job.sample is not None:
        write_arrays(folder / "sample.npz", list(job.sample.values()))
    code = job.code
    return {
        "module": module,
        "file": spec.origin,
        "source": str(place_of(job.source)),
        "kind": job.kind,
        "remedy": job.remedy,
        "trusted": job.trusted,
        "sample": None if job.sample is None else list(job.sample),
        "code": None if code is None else {**vars(code), "file": str(place_of(code.file))},
        "inputs": job.inputs,
        "outputs": job.outputs,
        "opset": job.opset,
        # The converter may come from another package.
        "readable": [str(Path(spec.origin).parent), *readable_for(job)],
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
