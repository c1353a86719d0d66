"""Converting and proving: the plain way first, then what else the converter knows to try."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from onnxport.converter.find import module_of
from onnxport.converter.interface import (
    Arrays,
    Case,
    ConversionRefused,
    Converter,
    Exported,
    Job,
    Recognised,
)
from onnxport.converter.isolation.child import (
    Converted,
    ExportFailed,
    run_converter,
)
from onnxport.converter.isolation.confinement import Confinement
from onnxport.converter.isolation.errors import ChildCrashed
from onnxport.converter.isolation.folder import job_folder
from onnxport.converter.proof.expected import expected_case, given_case
from onnxport.converter.proof.normalise import main_opset, normalise
from onnxport.converter.proof.prove import Proven, prove
from onnxport.domain.conversion import Conversion
from onnxport.errors import UserError
from onnxport.service.conversion.errors import SourceChanged
from onnxport.service.conversion.source_digest import sha256_of
from onnxport.service.progress import Progress


@dataclass(frozen=True, slots=True)
class Task:
    """A conversion that is ready to run: everything is looked at.

    `source_name` and `source_sha256` go into the proof; `cases` and `expected` are answers that were given beforehand.
    """

    converter: Converter
    recognised: Recognised
    job: Job
    confinement: Confinement
    source_name: str
    source_sha256: str | None
    expected: Arrays | None = None
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one way of converting gave, remarks for the user, and the other ways that gave something too and are not proven either."""

    proven: Proven
    converted: Converted
    remarks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


def convert_and_prove(task: Task, python: Path, progress: Progress) -> Attempt:
    """Try the plain way, then the converter's remedies, until one is proven; `python` is that of the converter's environment.

    When none is, the first attempt that converted stands. Raises what the plain way raised when none converted; a file that cannot be
    opened, or a limit that is reached, ends it at once.
    """
    failures: list[UserError] = []
    attempts: list[Attempt] = []
    reasons: list[str] = []
    for remedy in ("", *task.converter.remedies_for(task.job)):
        job = replace(task.job, remedy=remedy)
        try:
            attempt = _attempt(task, job, python, progress)
        except (ExportFailed, ChildCrashed, ConversionRefused) as error:
            if isinstance(error, ConversionRefused) and error.stage == "open":
                raise
            failures.append(error)
            reasons.append(error.message)
            continue
        if attempt.proven.proof.proven:
            return _with_history(attempt, remedy, reasons)
        attempts.append(attempt)
        reasons.append(attempt.proven.proof.reason or "")
        if not attempt.proven.differs:
            break  # another way of converting would show as little
    if attempts:
        others = (a.proven.proof.conversion.remedy for a in attempts[1:])
        return replace(attempts[0], also=tuple(filter(None, others)))
    raise failures[0]


def _attempt(task: Task, job: Job, python: Path, progress: Progress) -> Attempt:
    with (
        progress.step("convert") as step,
        job_folder() as folder,
    ):
        module = module_of(task.converter.name)
        converted = run_converter(module, python, job, task.confinement, folder)
        if task.source_sha256 is not None and sha256_of(job.source) != task.source_sha256:
            raise SourceChanged(job.source)
        step.detail = f"{task.converter.title} {converted.exported.framework_version}"
        if job.remedy:
            step.detail += f", with {job.remedy}"
        if task.recognised.kind.runs_code and not converted.isolated:
            step.detail += ", not in a sandbox"
    return _prove(task, job, converted, progress)


def prove_exported(
    task: Task, exported: Exported, packages: Sequence[str], progress: Progress
) -> Attempt:
    """Prove what was converted in this process, with these packages, by the answers that the task brings."""
    versions = dict(package.split("==") for package in packages)
    return _prove(task, task.job, Converted(exported, (), versions, frozenset()), progress)


def _prove(task: Task, job: Job, converted: Converted, progress: Progress) -> Attempt:
    with progress.step("prove") as step:
        exported = converted.exported
        try:
            model = normalise(exported.onnx, exported.inputs, [o.name for o in exported.outputs])
        except ValueError as error:
            raise ExportFailed(job.source, "export", str(error)) from error
        cases = _all_cases(task, converted)
        conversion = _conversion(task, job, converted, model)
        proven = prove(model, exported.outputs, cases, conversion, task.confinement, exported.gap)
        step.detail = summary(proven)
    return Attempt(proven, converted, (*exported.remarks, *proven.remarks))


def _all_cases(task: Task, converted: Converted) -> Sequence[Case]:
    """What the framework gave, and what was given beforehand."""
    cases = [*converted.cases, *(given_case(case, converted.cases) for case in task.cases)]
    if task.expected is not None:
        names = [output.name for output in converted.exported.outputs]
        cases.append(expected_case(task.expected, names, cases))
    return cases


def _with_history(attempt: Attempt, remedy: str, reasons: Sequence[str]) -> Attempt:
    """The attempt, with a remark on why it is not the plain way that was taken: the first of the reasons."""
    if not remedy:
        return attempt
    remark = f"converted with {remedy}, because without it: {reasons[0]}"
    return replace(attempt, remarks=(remark, *attempt.remarks))


def summary(proven: Proven) -> str:
    """The proof in one line."""
    proof = proven.proof
    if not proof.proven:
        return f"not proven: {proof.reason}"
    rows = sum(inputs.rows for inputs in proof.inputs)
    worst = max(output.max_absolute_error for output in proof.outputs)
    flips = sum(output.label_flips for output in proof.outputs)
    return f"the same on {rows} rows; largest difference {worst:.2g}, label flips {flips}"


def _conversion(task: Task, job: Job, converted: Converted, model: bytes) -> Conversion:
    return Conversion(
        framework=task.converter.name,
        framework_version=converted.exported.framework_version,
        source_name=task.source_name,
        source_sha256=task.source_sha256,
        converter=task.converter.name,
        packages=dict(sorted(converted.packages.items())),
        opset=main_opset(model),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        kind=task.recognised.kind.name,
        remedy=job.remedy or None,
    )
