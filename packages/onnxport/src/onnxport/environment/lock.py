"""Locking: requirements are resolved once by uv, for one Python on this kind of machine, to exact versions with hashes."""

import hashlib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import Version

from onnxport.environment.conda_names import CondaNames
from onnxport.environment.errors import HashMismatch, UvFailed
from onnxport.environment.interpreters import Interpreter
from onnxport.environment.lock_failure import explain_failure
from onnxport.environment.place import machine_name
from onnxport.environment.requirements_text import resolving_arguments, write_requirements
from onnxport.environment.specification import EnvironmentSpecification
from onnxport.environment.uv import Say, run_uv
from onnxport.environment.vendor_packages import (
    KNOWN_VENDOR_PACKAGES,
    canonical_name,
    is_vendor_package,
)

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_ENTRY = re.compile(r"^(?=\S)", re.MULTILINE)
_HASH = re.compile(r"--hash=(\S+)")
_PROGRESS = ("Resolved ", "Downloading ", "Downloaded ", "Building ", "Built ", "Updating ")
_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")
_FIRST_FOR_NUMPY_2 = Version("1.19")


@dataclass(frozen=True, slots=True)
class LockedEnvironment:
    """Exact versions with hashes.

    Attributes:
        python: the minor version that it was resolved for, such as `3.8`.
        text: a requirements file with hashes; holds no index and no credentials.
        platforms: the kinds of machine that it holds for, such as `linux-x86_64`.
        specification: what it was made from; its notices are those of the reading and of the resolution.
    """

    python: str
    text: str
    platforms: tuple[str, ...]
    specification: EnvironmentSpecification

    @property
    def sha256(self) -> str:
        """The digest of the text, in hexadecimal."""
        return lock_digest(self.text)

    @property
    def versions(self) -> dict[str, str]:
        """The versions by normalised name."""
        return pinned_versions(self.text)


def lock_digest(text: str) -> str:
    """The digest of a lock's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def pinned_versions(text: str) -> dict[str, str]:
    """The versions in a lock's text by normalised name."""
    return {canonical_name(m[1]) or m[1]: m[2] for m in _PINNED.finditer(text)}


def resolve(
    specification: EnvironmentSpecification,
    interpreter: Interpreter,
    say: Say,
    names: CondaNames,
    *,
    fresh: bool = False,
) -> LockedEnvironment:
    """Resolve requirements for an interpreter.

    Args:
        specification: the requirements.
        interpreter: what they are to run in.
        say: told what uv says.
        names: to find names like one that does not exist.
        fresh: ask the indexes again about what uv has in its cache.

    Raises:
        PackageNotFound, VersionNotAvailable, NoFileForPython, RequirementsConflict: they cannot be met; says what can.
        HashMismatch: a package's hashes are not those that the requirements file allows.
        IndexUnreachable, LockFailed: an index or the machine failed.
    """
    resolver = _Resolver(specification, interpreter, say, ("--refresh",) if fresh else ())
    try:
        text = resolver.without_vendor_packages()
    except UvFailed as failure:
        source, python = specification.source_name, interpreter.python
        raise explain_failure(failure, source, python, names, resolver.probe) from failure
    notices: tuple[str, ...] = (interpreter.notice,) if interpreter.notice else ()
    if _needs_numpy_1(pinned_versions(text)):
        text, notice = resolver.with_numpy_1(text)
        notices += (notice,)
    return LockedEnvironment(
        interpreter.python,
        _allowed_hashes(text, specification),
        (machine_name(),),
        replace(specification, notices=specification.notices + notices),
    )


@dataclass(frozen=True, slots=True)
class _Resolver:
    specification: EnvironmentSpecification
    interpreter: Interpreter
    say: Say
    arguments: tuple[str, ...]

    def without_vendor_packages(self, bounds: tuple[str, ...] = ()) -> str:
        """The lock, whatever packages depend on the vendor's: those that are not known are found in the first answer."""
        excluded = set(KNOWN_VENDOR_PACKAGES)
        while True:
            text = self._compile(self.specification.requirements, bounds, excluded, self.say)
            found = {name for name in pinned_versions(text) if is_vendor_package(name)}
            if found <= excluded:
                return text
            excluded |= found

    def with_numpy_1(self, text: str) -> tuple[str, str]:
        """The lock with NumPy 1 and a notice; where requirements demand NumPy 2 the lock as it is and a warning."""
        which = "ONNX Runtime before 1.19 was compiled for NumPy 1"
        try:
            return self.without_vendor_packages(("numpy<2",)), f"{which}: numpy<2 is taken"
        except UvFailed:
            return text, f"{which}, but the requirements demand NumPy 2: it will fail at import"

    def probe(self, requirement: str, oldest: bool) -> str | None:
        """The requirement pinned to what there is of it alone, without what it depends on."""
        arguments = ("--no-deps", "--resolution", "lowest" if oldest else "highest")
        try:
            text = self._compile((requirement,), (), (), lambda _: None, arguments)
        except UvFailed:
            return None
        return next((f"{name}=={version}" for name, version in pinned_versions(text).items()), None)

    def _compile(
        self,
        requirements: tuple[str, ...],
        bounds: tuple[str, ...],
        excluded: Iterable[str],
        say: Say,
        arguments: tuple[str, ...] = ("--generate-hashes",),
    ) -> str:
        if not requirements:
            return ""
        options = self.specification.options
        with tempfile.TemporaryDirectory(prefix="onnxport-lock-") as name:
            folder = Path(name)
            asked = write_requirements(folder / "requirements.in", requirements, options)
            lock = folder / "lock.txt"
            command = ["pip", "compile", "--no-header", "--no-annotate", *arguments]
            command += ["--python", self.interpreter.path, "--output-file", str(lock)]
            command += [*resolving_arguments(options), *self.arguments]
            if constraints := (*self.specification.constraints, *bounds):
                file = write_requirements(folder / "constraints.txt", constraints)
                command += ["--constraints", str(file)]
            if never := [f"{name}; python_version < '0'" for name in sorted(excluded)]:
                file = write_requirements(folder / "never.txt", never)
                command += ["--overrides", str(file)]
            run_uv([*command, str(asked)], folder, lambda line: _say_progress(line, say))
            return lock.read_text(encoding="utf-8")


def _say_progress(line: str, say: Say) -> None:
    """Pass on progress; an explanation of a failure goes into an error in other words."""
    if line.startswith(_PROGRESS):
        say(line)


def _needs_numpy_1(versions: dict[str, str]) -> bool:
    numpy = versions.get("numpy")
    runtimes = [versions[name] for name in _RUNTIMES if name in versions]
    if numpy is None or Version(numpy) < Version("2"):
        return False
    return any(Version(runtime) < _FIRST_FOR_NUMPY_2 for runtime in runtimes)


def _allowed_hashes(text: str, specification: EnvironmentSpecification) -> str:
    """The lock with only those hashes of a package that the requirements file allows, where it says which."""
    allowed = {
        canonical_name(requirement): set(_HASH.findall(requirement))
        for requirement in specification.requirements
        if "--hash=" in requirement
    }
    if not allowed:
        return text
    entries = _ENTRY.split(text)
    return "".join(_kept(entry, allowed, specification.source_name) for entry in entries)


def _kept(entry: str, allowed: dict[str | None, set[str]], source: str) -> str:
    wanted = allowed.get(canonical_name(entry))
    if wanted is None:
        return entry
    kept = [digest for digest in _HASH.findall(entry) if digest in wanted]
    head = entry.partition("--hash=")[0].rstrip(" \\\n")
    if not kept:
        raise HashMismatch(head, source)
    return " \\\n    ".join([head, *(f"--hash={digest}" for digest in kept)]) + "\n"
