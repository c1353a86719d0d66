"""The environments of a workspace: locks that are made once, and virtual environments that are shared by all who have the same lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnxport.environment.conda_names import CondaNames, built_in_names
from onnxport.environment.errors import (
    EnvironmentBuildFailed,
    EnvironmentNotFound,
    IndexUnreachable,
    PackageBuildFailed,
    UvFailed,
)
from onnxport.environment.interpreters import Interpreter, find_interpreter, find_on_machine
from onnxport.environment.lock import LockedEnvironment, lock_digest, resolve
from onnxport.environment.lock_cache import LockCache
from onnxport.environment.place import (
    ensure_place,
    is_whole,
    machine_name,
    python_of,
    remove_place,
    remove_unfinished,
)
from onnxport.environment.python_version import check_python, running_python
from onnxport.environment.record import EnvironmentRecord, describe_environment
from onnxport.environment.requirements_text import installing_arguments, write_requirements
from onnxport.environment.specification import EnvironmentSpecification
from onnxport.environment.uv import Say, install_lock, make_environment
from onnxport.errors import OnnxportError

_LOCKS = "locks"
_DIGITS = 16


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class EnvironmentStore:
    """Locks and environments under one folder. Many processes may use it at once.

    Args:
        folder: `environments` in a workspace; made when it is needed.
        conda_names: to find names like one that does not exist.
    """

    folder: Path
    conda_names: CondaNames = field(default_factory=built_in_names, repr=False)

    def lock(
        self,
        specification: EnvironmentSpecification,
        *,
        python: str | None = None,
        upgrade: bool = False,
        say: Say = _silent,
    ) -> LockedEnvironment:
        """The lock of a specification: resolved at the first time, the same ever after, without a network.

        Args:
            specification: what is wanted.
            python: the Python to have, such as `3.11`, in place of what the specification says; never replaced by another.
            upgrade: resolve again, to what the indexes hold now.
            say: told what happens, one line at a time.

        Raises:
            PythonUnsupported, InterpreterNotFound: there is no such Python.
            PackageNotFound, VersionNotAvailable, NoFileForPython, RequirementsConflict, HashMismatch: it cannot be met; says what can.
            IndexUnreachable, LockFailed, UvNotFound: an index or the machine failed.
        """
        wanted = check_python(python) if python else specification.python or running_python()
        locks = LockCache(self.folder / _LOCKS)
        if not upgrade and (known := _known(locks, specification, wanted, exact=bool(python))):
            return known
        interpreter = find_interpreter(wanted, say, exact=python is not None)
        say(f"resolving {specification.source_name} for Python {interpreter.python}")
        locked = resolve(specification, interpreter, say, self.conda_names, fresh=upgrade)
        locks.write(specification, wanted, locked)
        return locked

    def ensure(
        self,
        text: str,
        python: str,
        options: Sequence[str] = (),
        say: Say = _silent,
        source_name: str = "its lock",
    ) -> Path:
        """The folder of the environment with this lock, `bin/python` in it; built unless it is there.

        Args:
            text: the text of a lock.
            python: the minor version that it was made for.
            options: those of the specification: where packages come from.
            say: told what happens, one line at a time.
            source_name: the file that the lock was made from, for messages.

        Raises:
            InterpreterNotFound: this Python is gone from the machine.
            PackageBuildFailed: a package has no wheel, and building it failed.
            EnvironmentBuildFailed, IndexUnreachable, UvNotFound: an index or the machine failed; nothing is left behind.
        """
        place = self.place_of(lock_digest(text), python)

        def fill(beside: Path) -> Mapping[str, Any]:
            interpreter = find_interpreter(python, say, exact=True)
            say(f"building the environment of {source_name}, once, in {place}")
            try:
                _install(beside, text, interpreter, options, say)
            except UvFailed as failure:
                raise _explained(failure, source_name, python) from failure
            record = describe_environment(beside, text, python, source_name)
            size_mb = record["size_bytes"] / 1e6
            say(f"{len(record['packages'])} packages, {size_mb:.1f} MB, Python {python}")
            return record

        ensure_place(place, fill)
        return place

    def place_of(self, lock_sha256: str, python: str) -> Path:
        """Where the environment of a lock is, or will be."""
        digest = lock_sha256.removeprefix("sha256:")[:_DIGITS]
        return self.folder / f"{digest}-py{python}-{machine_name()}"

    def is_ready(self, lock_sha256: str, python: str) -> bool:
        """Whether the environment of a lock is there and its interpreter still exists."""
        return is_whole(self.place_of(lock_sha256, python))

    def list(self) -> "list[EnvironmentRecord]":
        """All finished environments by id."""
        records = [EnvironmentRecord.read(place) for place in sorted(self.folder.glob("[!.]*/"))]
        return [record for record in records if record is not None]

    def find(self, text: str) -> EnvironmentRecord:
        """The environment with this id, or whose id or lock's digest begins so; raises `EnvironmentNotFound`."""
        records = self.list()
        digits = text.removeprefix("sha256:")
        found = [record for record in records if record.id == text] or [
            record
            for record in records
            if digits and (record.id.startswith(digits) or record.lock_sha256.startswith(digits))
        ]
        if len(found) != 1:
            every = [record.id for record in records]
            raise EnvironmentNotFound(text, [record.id for record in found], every)
        return found[0]

    def delete(self, record: EnvironmentRecord) -> None:
        """Remove an environment; its lock stays, so that it can be built again as it was."""
        remove_place(record.directory)

    def remove_unfinished(self) -> int:
        """Remove what killed builds left behind; returns how many. Builds that are running are let be."""
        return remove_unfinished(self.folder)


def _explained(failure: UvFailed, source_name: str, python: str) -> OnnxportError:
    if failure.unreachable:
        return IndexUnreachable(source_name, failure.last_words)
    if failure.unbuilt:
        return PackageBuildFailed(failure.unbuilt, source_name, python, failure.build_words)
    return EnvironmentBuildFailed(source_name, failure.last_words)


def _known(
    locks: LockCache, specification: EnvironmentSpecification, wanted: str, *, exact: bool
) -> LockedEnvironment | None:
    """The lock from before. One for a replacement of the wanted Python holds only as long as that is not to be had."""
    known = locks.read(specification, wanted)
    if known is None or known.python == wanted:
        return known
    return None if exact or find_on_machine(wanted) else known


def _install(
    beside: Path, text: str, interpreter: Interpreter, options: Sequence[str], say: Say
) -> None:
    make_environment(beside, interpreter.path, say)
    if not text.strip():
        return
    file = write_requirements(beside / ".lock.txt", [text], options)
    try:
        arguments = installing_arguments(options)
        install_lock(python_of(beside), file, say, options=arguments, build=True)
    finally:
        file.unlink()
