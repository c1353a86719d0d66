"""Converting a model file: find the converter, make its environment, convert in a child process, prove, write."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from onnxport.converter.find import all_converters, find_converter, module_of
from onnxport.converter.interface import Converter, FileKind, Finding, Job, Recognised
from onnxport.converter.isolation.child import (
    ChildLimits,
    Converted,
    ExportFailed,
    Isolation,
    run_converter,
)
from onnxport.converter.isolation.environment import EnvironmentCache
from onnxport.converter.proof.normalise import main_opset, normalise
from onnxport.converter.proof.prove import Proven, prove
from onnxport.converter.proof.sample import Arrays, read_sample
from onnxport.domain.conversion import Conversion
from onnxport.errors import UserError
from onnxport.service.conversion_errors import (
    AlreadyOnnx,
    NotProven,
    NotRecognised,
    OutputExists,
    SourceMissing,
    TrustNeeded,
)
from onnxport.service.progress import NoProgress, Progress

PROOF_SUFFIX = ".proof.json"
_READ_AT_ONCE = 1 << 20


class Trust(StrEnum):
    """Whether the user vouches for a file that runs code when opened: not, in a process without network, or anyhow."""

    NO = "no"
    SANDBOXED = "sandboxed"
    UNSANDBOXED = "unsandboxed"


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How to convert: where to write (beside the source if `None`), the user's sample, trust, limits, where environments are kept."""

    output: Path | None = None
    sample: Path | None = None
    trust: Trust = Trust.NO
    overwrite: bool = False
    limits: ChildLimits = field(default_factory=ChildLimits)
    environments: EnvironmentCache | None = None


@dataclass(frozen=True, slots=True)
class ConversionResult:
    """A proven conversion: where the model and its proof are, the converter, the kind of the source, and remarks for the user."""

    output: Path
    proof_file: Path
    proven: Proven
    converter: str
    kind: FileKind
    isolated: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConverterStatus:
    """A converter as `convert --list` shows it."""

    converter: Converter
    ready: bool
    environment: Path


def list_converters(environments: EnvironmentCache | None = None) -> list[ConverterStatus]:
    """Every converter, with whether its environment is ready."""
    cache = environments or EnvironmentCache.of_user()
    return [
        ConverterStatus(
            converter,
            cache.is_ready(converter.name, converter.environment),
            cache.place_of(converter.name, converter.environment),
        )
        for converter in all_converters()
    ]


def prepare_environment(
    name: str, say: Callable[[str], None], environments: EnvironmentCache | None = None
) -> Path:
    """Make the environment of a converter ahead of its use; return its interpreter."""
    converter = find_converter(name)
    cache = environments or EnvironmentCache.of_user()
    return cache.ensure(name, converter.environment, say)


def convert_file(
    source: Path, options: ConvertOptions | None = None, progress: Progress | None = None
) -> ConversionResult:
    """Convert a model file into a proven ONNX file with its proof beside it.

    Raises the errors of `service.conversion_errors` and of `convert`; nothing is written unless the conversion is proven.
    """
    options, progress = options or ConvertOptions(), progress or NoProgress()
    output = options.output or source.with_suffix(".onnx")
    with progress.step("recognise") as step:
        converter, recognised = _recognise(source)
        _check_output(source, output, options)
        _check_trust(source, recognised, options.trust)
        sample = None if options.sample is None else read_sample(options.sample)
        step.detail = _described(converter, recognised)
    with progress.step("environment") as step:
        cache = options.environments or EnvironmentCache.of_user()

        def say(words: str) -> None:
            step.detail = words

        python = cache.ensure(converter.name, converter.environment, say)
        step.detail = str(python.parent.parent)
    proven, converted = _convert_and_prove(
        source, converter, recognised, python, sample, options, progress
    )
    if not proven.proof.proven:
        raise NotProven(source, proven.proof)
    with progress.step("write") as step:
        proof_file = _write(output, proven)
        step.detail = str(output)
    remarks = (*converted.exported.remarks, *_remarks(proven))
    return ConversionResult(
        output, proof_file, proven, converter.name, recognised.kind, converted.isolated, remarks
    )


def _convert_and_prove(
    source: Path,
    converter: Converter,
    recognised: Recognised,
    python: Path,
    sample: Arrays | None,
    options: ConvertOptions,
    progress: Progress,
) -> tuple[Proven, Converted]:
    """Try the plain way, then the converter's remedies, until one is proven; the first attempt's proof stands when none is."""
    attempts: list[tuple[Proven, Converted]] = []
    for remedy in ("", *converter.remedies):
        job = Job(source, recognised.kind.name, remedy, options.trust is not Trust.NO, sample)
        try:
            attempt = _attempt(converter, python, job, recognised, options, progress)
        except UserError:
            if attempts:
                # The remedy does not exist for this model: the first result is what there is to say.
                break
            raise
        attempts.append(attempt)
        if attempt[0].proof.proven:
            return attempt
    return attempts[0]


def _attempt(
    converter: Converter,
    python: Path,
    job: Job,
    recognised: Recognised,
    options: ConvertOptions,
    progress: Progress,
) -> tuple[Proven, Converted]:
    isolation = _isolation(recognised, options.trust)
    with (
        progress.step("convert") as step,
        tempfile.TemporaryDirectory(prefix="onnxport-convert-") as folder,
    ):
        module = module_of(converter.name)
        converted = run_converter(module, python, job, options.limits, isolation, Path(folder))
        step.detail = f"{converter.title} {converted.exported.framework_version}"
        if job.remedy:
            step.detail += f", {job.remedy}"
        if recognised.kind.runs_code and not converted.isolated:
            step.detail += ", not cut off from the network"
    with progress.step("prove") as step:
        names = [output.name for output in converted.exported.outputs]
        try:
            model = normalise(converted.exported.onnx, converted.exported.inputs, names)
        except ValueError as error:
            raise ExportFailed(job.source, "export", str(error)) from error
        conversion = _conversion(job.source, converter, converted, model)
        proven = prove(model, converted.exported.outputs, converted.cases, conversion)
        step.detail = summary(proven)
    return proven, converted


def summary(proven: Proven) -> str:
    """The proof in one line."""
    proof = proven.proof
    if not proof.proven:
        return f"not proven: {proof.reason}"
    rows = sum(inputs.rows for inputs in proof.inputs)
    worst = max(output.max_absolute_error for output in proof.outputs)
    flips = sum(output.label_flips for output in proof.outputs)
    return f"the same on {rows} rows; largest difference {worst:.2g}, label flips {flips}"


def _recognise(source: Path) -> tuple[Converter, Recognised]:
    if not source.exists():
        raise SourceMissing(source)
    for converter in all_converters():
        try:
            recognised = converter.recognise(source)
        except OSError as error:
            raise SourceMissing(source, error.strerror or str(error)) from None
        if recognised is not None:
            return converter, recognised
    if source.suffix == ".onnx":
        raise AlreadyOnnx(source)
    raise NotRecognised(source, [converter.title for converter in all_converters()])


def _check_output(source: Path, output: Path, options: ConvertOptions) -> None:
    if not output.exists():
        return
    if output.samefile(source):
        raise OutputExists(output, "it is the model itself")
    if not options.overwrite and not _is_our_own(output):
        raise OutputExists(output)


def _is_our_own(output: Path) -> bool:
    """Whether the file is the untouched result of a conversion: replacing that loses nothing that cannot be made again."""
    try:
        proof = json.loads(_proof_file(output).read_bytes())
        bound_to: str = proof["onnx_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bound_to == _sha256_of(output)


def _proof_file(output: Path) -> Path:
    return output.with_name(output.name + PROOF_SUFFIX)


def _check_trust(source: Path, recognised: Recognised, trust: Trust) -> None:
    if recognised.kind.runs_code and trust is Trust.NO:
        raise TrustNeeded(source, recognised)


def _isolation(recognised: Recognised, trust: Trust) -> Isolation:
    if trust is Trust.UNSANDBOXED:
        return Isolation.NO
    needs = recognised.kind.runs_code or trust is Trust.SANDBOXED
    return Isolation.REQUIRED if needs else Isolation.PREFERRED


def _described(converter: Converter, recognised: Recognised) -> str:
    finding = recognised.finding
    if finding is None:
        return f"{converter.title}, {recognised.kind.name}"
    return f"{converter.title}, {recognised.kind.name}; {described_finding(finding)}"


def described_finding(finding: Finding) -> str:
    """What the look into a file that can run code found, in a few words."""
    if finding.unexpected:
        shown = ", ".join(finding.unexpected[:5])
        return f"IT ALSO IMPORTS {shown}"
    if not finding.complete:
        return "it could not be followed to its end"
    return f"it imports {len(finding.imports)} names, all of the framework and its packages"


def _conversion(
    source: Path, converter: Converter, converted: Converted, model: bytes
) -> Conversion:
    return Conversion(
        framework=converter.name,
        framework_version=converted.exported.framework_version,
        source_name=source.name,
        source_sha256=_sha256_of(source),
        converter=converter.name,
        packages=dict(sorted(converted.packages.items())),
        opset=main_opset(model),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def _write(output: Path, proven: Proven) -> Path:
    """Write the model, then the proof: a model without a proof is found when this is interrupted, never a proof of something else."""
    from onnxport.service.replace_file import replace_file

    proof_file = _proof_file(output)
    try:
        os.makedirs(output.parent, exist_ok=True)  # noqa: PTH103
        proof_file.unlink(missing_ok=True)
        replace_file(output, proven.onnx)
        replace_file(proof_file, (json.dumps(proven.proof.to_json(), indent=2) + "\n").encode())
    except OSError as error:
        raise OutputExists(output, error.strerror or str(error)) from error
    return proof_file


def _remarks(proven: Proven) -> Sequence[str]:
    flips = sum(output.label_flips for output in proven.proof.outputs)
    if not flips:
        return ()
    return (
        f"{flips} rows have another label where the framework's own two best scores are equal within the tolerance",
    )
