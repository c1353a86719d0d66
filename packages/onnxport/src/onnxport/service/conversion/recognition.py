"""Which converter takes a file, told by what is in it; and whether it may be opened."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from onnxport.converter.find import all_converters, find_converter
from onnxport.converter.interface import Converter, Finding, Recognised
from onnxport.converter.isolation.confinement import Isolation
from onnxport.converter.isolation.source import why_unreadable
from onnxport.service.conversion.errors import (
    AlreadyOnnx,
    NotOfFramework,
    NotRecognised,
    SeveralFrameworks,
    SourceMissing,
    TrustNeeded,
)
from onnxport.service.conversion.options import Trust

_MOST_LOOKED_AT = 30


def recognise(source: Path, framework: str | None) -> tuple[Converter, Recognised]:
    """The converter of a file or folder that can be read.

    Raises:
        SourceMissing: it cannot be read after all.
        AlreadyOnnx, NotRecognised: no converter takes it.
        SeveralFrameworks: more than one would, and none is named.
        NotOfFramework: the named one does not.
        ConverterNotFound: there is no converter of that name.
    """
    asked = all_converters() if framework is None else [find_converter(framework)]
    try:
        looked = [(converter, converter.recognise(source)) for converter in asked]
    except OSError as error:
        raise SourceMissing(source, error.strerror or str(error)) from None
    found = [(converter, what) for converter, what in looked if what is not None]
    if len(found) == 1:
        return found[0]
    if found:
        raise SeveralFrameworks(source, [(c.name, what.kind.name) for c, what in found])
    if framework is not None:
        raise NotOfFramework(source, asked[0])
    if source.suffix == ".onnx":
        raise AlreadyOnnx(source)
    raise NotRecognised(source, [converter.title for converter in asked], _models_in(source, asked))


def _models_in(folder: Path, converters: Sequence[Converter]) -> list[Path]:
    """What lies in a folder and would be taken by itself: people name the folder of a model that is one file."""
    if not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.iterdir())[:_MOST_LOOKED_AT]:
        with suppress(OSError):
            if path.is_file() and any(converter.recognise(path) for converter in converters):
                found.append(path)
    return found


def check_readable(source: Path) -> None:
    """Raise `SourceMissing` where there is no file or folder, or none that can be read to its end."""
    if (why := why_unreadable(source)) is not None:
        raise SourceMissing(source, why)


def check_trust(source: Path, converter: Converter, recognised: Recognised, trust: Trust) -> None:
    """Raise `TrustNeeded` for a file that runs code when opened and that nobody vouches for."""
    if recognised.kind.runs_code and trust is Trust.NO:
        raise TrustNeeded(source, recognised, converter)


def isolation_for(recognised: Recognised, trust: Trust) -> Isolation:
    """How far the process that opens the file is cut off."""
    if trust is Trust.UNSANDBOXED:
        return Isolation.NO
    needs = recognised.kind.runs_code or trust is Trust.SANDBOXED
    return Isolation.REQUIRED if needs else Isolation.PREFERRED


def described(converter: Converter, recognised: Recognised) -> str:
    """Framework, kind, and what a look into the file found."""
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
