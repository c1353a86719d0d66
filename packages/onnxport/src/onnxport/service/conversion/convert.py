"""Converting a model file, or an object of this process, into a proven ONNX file with its proof beside it."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onnxport.converter.find import all_converters
from onnxport.converter.interface import Arrays, Converter, FileKind, Job, Recognised
from onnxport.converter.isolation.confinement import PROTECTIONS, Confinement, Isolation
from onnxport.converter.isolation.source import file_named
from onnxport.converter.proof.prove import Proven
from onnxport.converter.proof.sample import read_sample
from onnxport.service.conversion.attempt import (
    Attempt,
    Task,
    convert_and_prove,
    prove_exported,
)
from onnxport.service.conversion.errors import ExpectedWithoutSample, NotALiveModel, NotProven
from onnxport.service.conversion.options import ConvertOptions, Trust
from onnxport.service.conversion.output import check_output, default_output, write
from onnxport.service.conversion.recognition import (
    check_readable,
    check_trust,
    described,
    isolation_for,
    recognise,
)
from onnxport.service.conversion.source_digest import sha256_of
from onnxport.service.progress import NoProgress, Progress


@dataclass(frozen=True, slots=True)
class ConversionResult:
    """A conversion: where the model and its proof are, the converter, the kind of the source, and remarks for the user.

    `protections` names what held while the file was open: `network`, `processes`, `files`, `contents` (`converter/inside/sandbox.py`).
    """

    output: Path
    proof_file: Path
    proven: Proven
    converter: str
    kind: FileKind
    protections: frozenset[str]
    remarks: tuple[str, ...]

    @property
    def isolated(self) -> bool:
        """Whether the file was opened without network, other processes, and the user's files."""
        return self.protections >= PROTECTIONS


def convert_file(
    source: Path, options: ConvertOptions | None = None, progress: Progress | None = None
) -> ConversionResult:
    """Convert a model file or folder into a proven ONNX file with its proof beside it.

    Raises the errors of `service.conversion.errors` and of `onnxport.converter`; nothing is written unless the conversion is proven, or
    unproven ones are allowed.
    """
    options, progress = options or ConvertOptions(), progress or NoProgress()
    output = options.output or default_output(source)
    source = file_named(source)
    with progress.step("recognise") as step:
        check_readable(source)
        # Before anything is looked at: what is found, what is opened and what the proof names are then the same bytes.
        digest = sha256_of(source)
        converter, recognised = recognise(source, options.framework)
        check_output(source, output, overwrite=options.overwrite)
        check_trust(source, converter, recognised, options.trust)
        job = _job(source, recognised, options)
        converter.require(job, recognised)
        step.detail = described(converter, recognised)
    isolation = isolation_for(recognised, options.trust)
    task = _task(converter, recognised, job, isolation, options, source.name, digest)
    attempt = convert_and_prove(task, _environment(converter, options, progress), progress)
    return _finish(task, attempt, output, options, progress)


def convert_live(
    model: Any,
    example: Any,
    options: ConvertOptions | None = None,
    progress: Progress | None = None,
) -> ConversionResult:
    """Convert an object of this process: it is put into a file, and what it gives for the example is part of the proof.

    Raises `NotALiveModel` where no converter knows the object, and what `convert_file` raises.
    """
    options, progress = options or ConvertOptions(), progress or NoProgress()
    name = type(model).__name__
    output = options.output or Path(f"{name.lower()}.onnx")
    converter = next((found for found in all_converters() if found.takes(model)), None)
    if converter is None:
        raise NotALiveModel(name, [found.title for found in all_converters()])
    with tempfile.TemporaryDirectory(prefix="onnxport-live-") as folder:
        with progress.step("save") as step:
            check_output(None, output, overwrite=options.overwrite)
            live = converter.save(model, example, Path(folder))
            recognised = Recognised(live.kind)
            options = replace(options, packages=(*live.packages, *options.packages))
            job = _job(live.source, recognised, options)
            # The object is the user's own: it ran before it was put into the file.
            job = replace(
                job, trusted=True, sample=live.sample if job.sample is None else job.sample
            )
            isolation = Isolation.NO if options.trust is Trust.UNSANDBOXED else Isolation.PREFERRED
            task = _task(converter, recognised, job, isolation, options, name, None)
            task = replace(task, cases=live.cases)
            step.detail = f"{converter.title}, {live.kind.name}"
        if live.exported is not None:
            attempt = prove_exported(task, live.exported, live.packages, progress)
        else:
            attempt = convert_and_prove(task, _environment(converter, options, progress), progress)
        attempt = replace(attempt, remarks=(*live.remarks, *attempt.remarks))
        return _finish(task, attempt, output, options, progress)


def _job(source: Path, recognised: Recognised, options: ConvertOptions) -> Job:
    if options.expected is not None and options.sample is None:
        raise ExpectedWithoutSample
    return Job(
        source,
        recognised.kind.name,
        trusted=options.trust is not Trust.NO,
        sample=_arrays(options.sample),
        code=options.code,
        inputs=options.inputs,
        outputs=options.outputs,
        opset=options.opset,
    )


def _arrays(given: Path | Arrays | None) -> Arrays | None:
    return read_sample(given) if isinstance(given, Path) else given


def _task(
    converter: Converter,
    recognised: Recognised,
    job: Job,
    isolation: Isolation,
    options: ConvertOptions,
    source_name: str,
    source_sha256: str | None,
) -> Task:
    return Task(
        converter,
        recognised,
        job,
        Confinement(isolation, options.limits),
        source_name,
        source_sha256,
        _arrays(options.expected),
    )


def _environment(converter: Converter, options: ConvertOptions, progress: Progress) -> Path:
    with progress.step("environment") as step:
        python = options.cache.ensure(
            converter.name, converter.environment, progress.notice, options.packages
        )
        step.detail = str(python.parent.parent)
    return python


def _finish(
    task: Task, attempt: Attempt, output: Path, options: ConvertOptions, progress: Progress
) -> ConversionResult:
    proven = attempt.proven
    if not proven.proof.proven and not options.allow_unproven:
        raise NotProven(task.source_name, proven, attempt.also)
    with progress.step("write") as step:
        proof_file = write(output, proven)
        step.detail = str(output)
    return ConversionResult(
        output,
        proof_file,
        proven,
        task.converter.name,
        task.recognised.kind,
        attempt.converted.protections,
        (*attempt.remarks, *_flip_remarks(proven)),
    )


def _flip_remarks(proven: Proven) -> Sequence[str]:
    flips = sum(output.label_flips for output in proven.proof.outputs)
    if not flips or not proven.proof.proven:
        return ()
    return (
        f"{flips} rows have another label where the framework's own two best scores are equal within the tolerance",
    )
