"""Why a resolution failed, from what uv said: an error that names the package and the nearest thing that works."""

import re
from collections.abc import Callable, Sequence

from onnxport.environment.conda_names import CondaNames
from onnxport.environment.errors import (
    IndexUnreachable,
    LockFailed,
    NoFileForPython,
    PackageBuildFailed,
    PackageNotFound,
    RequirementsConflict,
    UvFailed,
    VersionNotAvailable,
)
from onnxport.environment.vendor_packages import canonical_name
from onnxport.errors import OnnxportError

Probe = Callable[[str, bool], str | None]
"""Resolves one requirement and returns it pinned, in the oldest version if asked to; `None` where there is none."""

_NOT_FOUND = re.compile(r"(?:Because|because|and) (\S+) was not found in the (?!cache)")
_NO_VERSION = re.compile(r"there (?:is|are) no versions? of (\S+?)(?: and|,| we|$)")
_ONLY_VERSIONS = re.compile(r"only the following versions of (\S+) are available")
_ONLY = re.compile(r"only (\S+?)[<>=!~]\S* (?:is|are) available")
_NO_FILE = re.compile(r"(\S+) has no (?:wheels with a matching|usable|source)")
_REQUIRED = re.compile(r"you require (\S+?)(?: and|,|$)")
_TAG = re.compile(r"\bcp3(\d{1,2})m?\b")
_CAUSE = re.compile(r"cause: (.*)")
_SPECIFIER = re.compile(r"(==|>=|<=|~=|>|<)([\w.!+]+?)(?:\.\*)?(?:,|\Z)")
_MOST_WORDS = 500


def explain_failure(
    failure: UvFailed, source: str, python: str, names: CondaNames, probe: Probe
) -> OnnxportError:
    """The error that tells a person why uv could not resolve.

    Args:
        failure: what uv said.
        source: the name of the file with the requirements.
        python: the version that it was resolved for.
        names: to find names like one that does not exist.
        probe: finds versions that do exist.
    """
    said = " ".join(failure.lines)
    if failure.unreachable:
        return IndexUnreachable(source, failure.last_words)
    if failure.unbuilt:
        return PackageBuildFailed(failure.unbuilt, source, python, failure.build_words)
    if "No solution found" not in said:
        return LockFailed(source, failure.last_words)
    if match := _NOT_FOUND.search(said):
        return PackageNotFound(match[1], source, names.nearest(match[1]))
    if match := _NO_FILE.search(said):
        return NoFileForPython(match[1], source, python, _pythons(said))
    wanted = _unavailable(said)
    if wanted is None:
        return RequirementsConflict(source, python, _cause(said))
    return VersionNotAvailable(wanted, source, python, _nearest(wanted, probe))


def _unavailable(said: str) -> str | None:
    """The requirement for which no version is there; `None` where versions exist but exclude one another."""
    if match := _NO_VERSION.search(said):
        return match[1]
    required = {canonical_name(text): text for text in _REQUIRED.findall(said)}
    for match in [*_ONLY_VERSIONS.finditer(said), *_ONLY.finditer(said)]:
        found = required.get(canonical_name(match[1]))
        if found is not None and len(required) == 1:
            return str(found)
    return None


def _nearest(wanted: str, probe: Probe) -> list[str]:
    """The newest version up to the one that is wanted and the oldest from it on."""
    match = re.match(r"[A-Za-z0-9._-]+", wanted)
    if match is None:
        return []
    name, version = match[0], _SPECIFIER.search(wanted)
    found = [probe(f"{name}<={version[2]}" if version else name, False)]
    if version:
        found.append(probe(f"{name}>={version[2]}", True))
    return list(dict.fromkeys(text for text in found if text))


def _pythons(said: str) -> Sequence[str]:
    """The versions of Python that there are files for, from the hint that uv gives."""
    _, hint, tags = said.partition("ABI tag")
    minors = {int(minor) for minor in _TAG.findall(tags.rpartition("following")[2])}
    return [f"3.{minor}" for minor in sorted(minors)] if hint else []


def _cause(said: str) -> str:
    """The explanation that uv gives; of a long one its end, where the requirements of the file stand."""
    match = _CAUSE.search(said)
    words = (match[1] if match else said).partition(" hint: ")[0]
    if len(words) <= _MOST_WORDS:
        return words
    return "... " + words[-_MOST_WORDS:].partition(" ")[2]
