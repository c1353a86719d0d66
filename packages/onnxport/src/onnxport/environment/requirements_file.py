"""Reading a requirements file: packages, constraints, included files, options of indexes.

The format is that of pip ("Requirements File Format" in its documentation); what cannot be locked with hashes is refused.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from onnxport.environment.requirement_options import INCLUDING, read_option
from onnxport.environment.source import decode, local_path, read_source
from onnxport.environment.specification_errors import SpecificationInvalid
from onnxport.environment.statements import Statements, add_up
from onnxport.environment.uv import without_credentials

_MOST_FILES_DEEP = 8
_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s--hash[=\s]\s*((?:sha256|sha384|sha512):[0-9a-fA-F]{64,128})(?=\s|\Z)")
_PATH = re.compile(
    r"(\.{0,2}/|~/|[\w.-]+/|[A-Za-z]:\\|file:)|.*\.(whl|zip|tar\.gz|tgz)\Z", re.ASCII
)
_VERSION_CONTROL = re.compile(r"(?:^|@\s*)(?:git|hg|svn|bzr)\+", re.ASCII)
_SINGLE_EQUALS = re.compile(r"\A[A-Za-z0-9._-]+\s*=\s*[\w.*]+(=\w+)?\Z", re.ASCII)

Line = tuple[int, str]
"""Its number in the file, from 1, and its text."""


def read_requirements_file(text: str, path: Path) -> Statements:
    """What a requirements file and the files that it includes state; raises `SpecificationInvalid` and `SpecificationUnreadable`."""
    return read_requirement_lines(list(enumerate(text.split("\n"), start=1)), path)


def read_requirement_lines(
    lines: Sequence[Line], path: Path, including: tuple[Path, ...] = ()
) -> Statements:
    """What lines of a requirements file state.

    Args:
        lines: the lines; continued ones are joined.
        path: the file that they are in; others are found from its folder.
        including: the files that led to this one.
    """
    if len(including) >= _MOST_FILES_DEEP or path in including:
        raise SpecificationInvalid(
            path.name, 1, "is included by files that include one another", "Break that chain of -r."
        )
    return add_up(_read_line(line, path, including) for line in _logical(lines))


def _logical(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines without comments and blanks, continued ones joined."""
    first, parts = 0, list[str]()
    for number, text in lines:
        first = first if parts else number
        bare = _COMMENT.sub("", text)
        if bare.endswith("\\") and bare == text:
            parts.append(bare[:-1])
            continue
        whole = "".join([*parts, bare]).strip()
        parts = []
        if whole:
            yield first, whole
    if whole := "".join(parts).strip():
        yield first, whole


def _read_line(line: Line, path: Path, including: tuple[Path, ...]) -> Statements:
    number, text = line
    if not text.startswith("-"):
        return _read_requirement(number, text, path)
    option, value, statements = read_option(number, text, path)
    if option not in INCLUDING:
        return statements
    included = _read_included(number, value, path, including)
    if INCLUDING[option] == "requirements":
        return included
    return Statements(
        constraints=included.requirements + included.constraints, notices=included.notices
    )


def _read_included(number: int, value: str, path: Path, including: tuple[Path, ...]) -> Statements:
    if "://" in value:
        why = "includes a file from the network, which is not supported"
        raise SpecificationInvalid(path.name, number, why, "Download that file and include it.")
    other = local_path(path.parent, value)
    text = decode(value, read_source(other))
    lines = list(enumerate(text.split("\n"), start=1))
    return read_requirement_lines(lines, other, (*including, path))


def _read_requirement(number: int, text: str, path: Path) -> Statements:
    hashes = _HASH.findall(text)
    bare = _HASH.sub("", text)
    if " --" in bare:
        option = bare.partition(" --")[2].partition("=")[0].partition(" ")[0]
        why = f"has the option --{option[:40]} on a package, which is not supported"
        raise SpecificationInvalid(path.name, number, why)
    bare = bare.strip()
    if _VERSION_CONTROL.search(bare):
        raise SpecificationInvalid(
            path.name,
            number,
            "names a repository, which cannot be locked with a hash",
            "Build a wheel of it (python -m build), put it into a folder, and name that with --find-links.",
        )
    try:
        requirement = Requirement(bare)
    except InvalidRequirement:
        return _read_path(number, bare, path)
    if requirement.url is not None:
        _check_url(number, requirement.url, path)
    written = " ".join([str(requirement), *(f"--hash={digest.lower()}" for digest in hashes)])
    return Statements((written,))


def _read_path(number: int, text: str, path: Path) -> Statements:
    """A line that is no requirement: the path of a wheel, or a mistake."""
    bare, _, marker = text.partition(";")
    if text.startswith(("http://", "https://")):
        _check_url(number, text, path)
        return Statements((text,))
    if not _PATH.match(text):
        raise SpecificationInvalid(path.name, number, _mistake(text), _hint(text))
    archive = local_path(path.parent, bare.strip().removeprefix("file://"))
    if os.path.isdir(archive):  # noqa: PTH112 - Path's own fails for names that are too long
        why = f"names the folder {bare.strip()[:200]}, which cannot be locked with a hash"
        remedy = "Build a wheel of it (python -m build) and name that, or pass the folder with --source-dir."
        raise SpecificationInvalid(path.name, number, why, remedy)
    if not os.path.isfile(archive):  # noqa: PTH113
        raise SpecificationInvalid(
            path.name, number, f"names {bare.strip()[:200]}, which is not there"
        )
    url = archive.resolve().as_uri()
    return Statements((f"{url} ; {marker.strip()}" if marker.strip() else url,))


def _check_url(number: int, url: str, path: Path) -> None:
    """Locks hold no passwords; `pip freeze` under conda writes paths of the machine that built the package."""
    if without_credentials(url) != url and "${" not in url:
        raise SpecificationInvalid(
            path.name,
            number,
            "holds a password in the URL of a package",
            "Write ${NAME} there and set NAME in the environment, or name an index with --extra-index-url.",
        )
    file = url.removeprefix("file://").partition("#")[0]
    if url.startswith("file:") and not os.path.exists(file):  # noqa: PTH110
        raise SpecificationInvalid(
            path.name,
            number,
            "names a file that is not on this machine",
            "Write the version instead, such as numpy==1.26.4 (`pip list --format=freeze` does so).",
        )


def _mistake(text: str) -> str:
    return f"is no requirement: {text[:80]!r}" if "://" not in text else "is no requirement"


def _hint(text: str) -> str | None:
    if _SINGLE_EQUALS.match(text):
        return "Write == instead of =, or list it under dependencies of a conda file."
    return None
