"""What can go wrong with uv, with locks and with environments."""

import re
from collections.abc import Iterable, Sequence

from onnxport.errors import PlatformError, UserError

_LAST_LINES = 6
_UNBUILT = re.compile(r"Failed to (?:build|download and build) `([^`]+)`")
_PYTHON_ERROR = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception)\b|error: ")


class UvNotFound(PlatformError):
    """The program that makes environments is missing."""

    code = "uv_not_found"

    def __init__(self) -> None:
        super().__init__(
            "the program 'uv', which makes environments, was not found",
            "Install it into the environment of onnxport: python -m pip install uv",
        )


class UvFailed(PlatformError):
    """The program uv ended with an error; those who run it say what that means."""

    code = "uv_failed"

    def __init__(self, lines: Sequence[str], *, unreachable: bool) -> None:
        super().__init__(
            f"uv said: {' | '.join(lines[-_LAST_LINES:])}", "Mend what uv says, then try again."
        )
        self.lines = tuple(lines)
        self.unreachable = unreachable

    @property
    def last_words(self) -> str:
        """The end of what uv said."""
        return " | ".join(self.lines[-_LAST_LINES:])

    @property
    def unbuilt(self) -> str | None:
        """The package whose source could not be built, as `name==version`; `None` where that is not what failed."""
        match = _UNBUILT.search(" ".join(self.lines))
        return match[1].replace("@", "==") if match else None

    @property
    def build_words(self) -> str:
        """The last line of what the build of a package said."""
        said = [line for line in self.lines if not line.startswith(("hint:", "or `", "["))]
        errors = [line for line in said if _PYTHON_ERROR.match(line)]
        return (errors or said or [""])[-1][:300]


class IndexUnreachable(PlatformError):
    """A package index could not be reached while an environment was resolved or installed."""

    code = "index_unreachable"

    def __init__(self, source: str, words: str) -> None:
        super().__init__(
            f"the packages of {source} could not be fetched: a package index could not be reached. uv said: {words}",
            "Connect to a package index, or point UV_INDEX or UV_FIND_LINKS at a mirror that holds the wheels, then try again.",
        )


class PackageNotFound(UserError):
    """A package that no index holds."""

    code = "package_not_found"

    def __init__(self, name: str, source: str, nearest: Sequence[str]) -> None:
        like = f" (the nearest names: {', '.join(nearest)})" if nearest else ""
        super().__init__(
            f"{source} asks for {name!r}, which is in no package index that uv knows{like}",
            "Write the name it has on PyPI; map a conda name in the file that ONNXPORT_CONDA_NAMES names, as "
            f'{{"{name}": "name-on-pypi"}}, or null to leave it out; for an index of your own set UV_INDEX or UV_FIND_LINKS.',
        )


class VersionNotAvailable(UserError):
    """A package is there, but not in the version that was asked for, or not for this Python."""

    code = "version_not_available"

    def __init__(self, requirement: str, source: str, python: str, nearest: Sequence[str]) -> None:
        there = f"; the nearest that are: {', '.join(nearest)}" if nearest else ""
        super().__init__(
            f"{source} asks for {requirement}, which is not available for Python {python}{there}",
            f"Write {nearest[0] if nearest else 'another version'}, or choose another Python with --python X.Y.",
        )


class NoFileForPython(UserError):
    """A package has no file that can be installed for this Python on this machine."""

    code = "no_file_for_python"

    def __init__(self, requirement: str, source: str, python: str, pythons: Sequence[str]) -> None:
        there = f"; there are wheels for Python {', '.join(pythons)}" if pythons else ""
        chosen = pythons[-1] if pythons else "X.Y"
        super().__init__(
            f"{source} asks for {requirement}, which has no file for Python {python} on this machine{there}",
            f"Choose another Python with --python {chosen}, or write another version.",
        )


class RequirementsConflict(UserError):
    """Requirements that cannot hold together."""

    code = "requirements_conflict"

    def __init__(self, source: str, python: str, words: str) -> None:
        super().__init__(
            f"the requirements of {source} cannot hold together with Python {python}: {words}",
            "Loosen the versions that it names, or choose another Python with --python X.Y.",
        )


class LockFailed(PlatformError):
    """Requirements could not be resolved, for a reason that lies with the machine, an index or a package."""

    code = "lock_failed"

    def __init__(self, source: str, words: str) -> None:
        super().__init__(
            f"the requirements of {source} could not be resolved. uv said: {words}",
            "Mend what uv says, then try again.",
        )


class EnvironmentBuildFailed(PlatformError):
    """An environment could not be made from its lock."""

    code = "environment_build_failed"

    def __init__(self, source: str, words: str) -> None:
        super().__init__(
            f"the environment of {source} could not be made. uv said: {words}",
            "Mend what uv says (a compiler that a source package needs, disk space, a mirror with other files), then try again.",
        )


class PackageBuildFailed(UserError):
    """A package has no wheel for this Python on this machine, and its source cannot be built."""

    code = "package_build_failed"

    def __init__(self, package: str, source: str, python: str, words: str) -> None:
        super().__init__(
            f"{package}, which {source} asks for, has no wheel for Python {python} on this machine, and building it failed: {words}",
            "Write a newer version, choose the Python that it was released for with --python X.Y, or build a wheel of it and name its "
            "folder with --find-links.",
        )


class HashMismatch(UserError):
    """An index offers other bytes than the hashes in a requirements file allow."""

    code = "hash_mismatch"

    def __init__(self, requirement: str, source: str) -> None:
        super().__init__(
            f"no file of {requirement} in the package index has a hash that {source} allows",
            "Find out why the bytes differ; if they may, write the hashes anew.",
        )


class InterpreterNotFound(UserError):
    """No interpreter of the wanted Python is on this machine, and none could be fetched."""

    code = "interpreter_not_found"

    def __init__(self, wanted: str, present: Iterable[str]) -> None:
        there = ", ".join(present) or "none"
        super().__init__(
            f"Python {wanted} is not on this machine and could not be fetched (found: {there})",
            f"Install Python {wanted}, or choose one that is there with --python X.Y.",
        )


class PythonUnsupported(UserError):
    """A Python version that no environment can have."""

    code = "python_unsupported"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:80]!r} is not a Python version that an environment can have: 3.8 or newer, written as 3.11",
            "Name another, such as 3.11.",
        )


class EnvironmentNotFound(UserError):
    """No environment, or more than one, has this id."""

    code = "environment_not_found"

    def __init__(self, text: str, matching: Sequence[str], all_ids: Sequence[str]) -> None:
        if matching:
            what = f"{len(matching)} environments begin with {text!r}: {', '.join(matching)}"
        else:
            what = f"there is no environment {text!r} (there are: {', '.join(all_ids) or 'none'})"
        super().__init__(what, "See them with: onnxport environment list")
