"""What can be wrong with a conversion that a person asks for."""

from collections.abc import Sequence
from pathlib import Path

from onnxport.converter.interface import Converter, Recognised
from onnxport.converter.proof.prove import Proven
from onnxport.errors import UserError


class SourceMissing(UserError):
    """No such file, or one that cannot be read."""

    code = "conversion_source_missing"

    def __init__(self, path: Path, why: str = "there is no such file") -> None:
        super().__init__(f"{path} cannot be read: {why}", "Name the saved model's file.")


class SourceChanged(UserError):
    """The model's file changed while it was converted: nothing says which of its contents was."""

    code = "conversion_source_changed"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} changed while it was converted",
            "Wait until whatever writes it has ended, or convert a copy of it.",
        )


class AlreadyOnnx(UserError):
    """An ONNX file needs no conversion."""

    code = "already_onnx"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path.name} is an ONNX file already",
            f"Look into it with: onnxport inspect {path}; serve it with: onnxport deploy {path}",
        )


class NotRecognised(UserError):
    """A file or folder that no converter takes; `inside` are files in the folder that one would."""

    code = "not_recognised"

    def __init__(self, path: Path, titles: list[str], inside: Sequence[Path] = ()) -> None:
        shown = " or ".join(f"onnxport convert {file}" for file in inside[:3])
        super().__init__(
            f"{path.name} is not a model that a converter knows ({', '.join(titles)}); files are recognised by what is in them",
            f"Name the file in it: {shown}"
            if inside
            else "See what can be converted: onnxport convert --list",
        )


class TrustNeeded(UserError):
    """A file that runs code when opened, and nobody vouched for it."""

    code = "trust_needed"

    def __init__(self, path: Path, recognised: Recognised, converter: Converter) -> None:
        finding = recognised.finding
        found = ""
        if finding is not None and finding.unexpected:
            found = f"; this one imports {', '.join(finding.unexpected[:5])}, which has no place in such a model"
        elif finding is not None:
            complete = "" if finding.complete else " (it could not be followed to its end)"
            found = f"; this one imports only names of its framework{complete}"
        super().__init__(
            f"{path.name} is a {recognised.kind.name} file: opening it runs code that is in the file{found}",
            f"If you know where it comes from and vouch for it, run again with --trust{_safe_kinds(converter)}.",
        )


def _safe_kinds(converter: Converter) -> str:
    """What else the framework can save, that runs nothing when opened."""
    kinds = [kind.name for kind in converter.kinds if not kind.runs_code]
    return f"; or save the model as {' or '.join(kinds)}, which runs nothing" if kinds else ""


class OutputExists(UserError):
    """The place for the result is taken or cannot be written."""

    code = "output_exists"

    def __init__(self, path: Path, why: str = "it exists") -> None:
        super().__init__(
            f"{path} cannot be written: {why}",
            "Name another file with -o, or replace it with --overwrite.",
        )


class NotProven(UserError):
    """A conversion that does not predict the same, or could not be shown to."""

    code = "not_proven"

    def __init__(self, source_name: str, proven: Proven, tried: Sequence[str]) -> None:
        proof = proven.proof
        reason = proof.reason or ""
        if not proof.outputs and not proof.inputs:
            remedy = "Give inputs and what the framework gave for them elsewhere, with --sample FILE --expected FILE."
        elif "to prove anything" in reason:
            remedy = "Give real inputs that lead to different answers, with --sample FILE (.npz, .npy, .csv, .json)."
        elif not proven.differs:
            remedy = "Do what that says, and convert again."
        else:
            remedy = "Compare on real inputs with --sample FILE; scale large features inside the model, or replace the step that differs."
        also = f" (also with {', '.join(tried)})" if tried else ""
        super().__init__(
            f"the conversion of {source_name} is not proven{also}, so nothing was written: {reason}",
            f"{remedy} To go on without a proof: --allow-unproven.",
        )


class SeveralFrameworks(UserError):
    """A file that could be of several frameworks."""

    code = "several_frameworks"

    def __init__(self, path: Path, found: Sequence[tuple[str, str]]) -> None:
        choices = " or ".join(f"--framework {name} ({kind})" for name, kind in found)
        super().__init__(
            f"{path.name} could be a model of several frameworks", f"Say which it is: {choices}."
        )


class NotOfFramework(UserError):
    """A file that the named converter does not take."""

    code = "not_of_framework"

    def __init__(self, path: Path, converter: Converter) -> None:
        kinds = ", ".join(kind.name for kind in converter.kinds)
        super().__init__(
            f"{path.name} is not a model of {converter.title}: its converter takes {kinds}",
            "Leave --framework away: files are recognised by what is in them.",
        )


class CodeUnusable(UserError):
    """A model class that cannot be used as it is named."""

    code = "code_unusable"


class ExpectedWithoutSample(UserError):
    """Expected outputs without the inputs that they are for."""

    code = "expected_without_sample"

    def __init__(self) -> None:
        super().__init__(
            "expected outputs were given without the inputs that they are for",
            "Give these with --sample FILE.",
        )


class NotALiveModel(UserError):
    """An object that no converter knows."""

    code = "not_a_live_model"

    def __init__(self, name: str, titles: Sequence[str]) -> None:
        super().__init__(
            f"a {name} is not a model that a converter knows ({', '.join(titles)})",
            "Give the model object itself, or the path of a saved model.",
        )
