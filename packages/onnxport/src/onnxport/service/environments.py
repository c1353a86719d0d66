"""The environments of a workspace, as the SDK offers them: `Workspace.environments`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport.environment.conda_names import CondaNames
from onnxport.environment.record import EnvironmentRecord
from onnxport.environment.specification import EnvironmentSpecification, read_specification
from onnxport.environment.store import EnvironmentStore
from onnxport.errors import UserError
from onnxport.service.progress import NoProgress, Progress


class EnvironmentInUse(UserError):
    """An environment that a loaded revision runs in cannot be deleted."""

    code = "environment_in_use"

    def __init__(self, identifier: str, endpoints: Sequence[str]) -> None:
        which = ", ".join(endpoints)
        super().__init__(
            f"the environment {identifier} is used by a revision of {which}",
            f"Retire that revision, or delete the endpoint first: onnxport endpoint delete {endpoints[0]}",
        )


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """A finished environment, and the endpoints with a revision that runs in it."""

    record: EnvironmentRecord
    endpoints: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON form for programs."""
        return {**self.record.to_json(), "endpoints": list(self.endpoints)}


@dataclass(frozen=True, slots=True)
class BuiltEnvironment:
    """An environment that is there now, and what was changed or left out on the way to it, in sentences."""

    record: EnvironmentRecord
    notices: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON form for programs."""
        return {**self.record.to_json(), "notices": list(self.notices)}


class Environments:
    """Builds, lists and deletes the virtual environments that scoring code runs in.

    Args:
        root: the workspace's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def store(self) -> EnvironmentStore:
        """Locks and environments; knows the conda names that the user has added. Raises `CondaNamesUnusable`."""
        return EnvironmentStore(self._root / "environments", self._conda_names())

    def read(self, path: str | Path) -> EnvironmentSpecification:
        """What a conda or requirements file asks for; raises the errors of `read_specification`."""
        return read_specification(path, self._conda_names())

    def build(
        self,
        path: str | Path,
        *,
        python: str | None = None,
        upgrade: bool = False,
        progress: Progress | None = None,
    ) -> BuiltEnvironment:
        """Resolve what a file asks for, at its first use, and build it unless it is there.

        Args:
            path: a conda file (`myenv.yml`) or a requirements file.
            python: the Python to have, such as `3.11`, in place of what the file says.
            upgrade: resolve again, to what the package indexes hold now.
            progress: shown the steps.

        Raises:
            UserError: the file cannot be read or met; the classes are in `onnxport.environment`.
            IndexUnreachable, LockFailed, EnvironmentBuildFailed, UvNotFound: an index or the machine failed.
        """
        progress, store = progress or NoProgress(), self.store
        with progress.step("read") as step:
            specification = self.read(path)
            count = len(specification.requirements)
            step.detail = "1 requirement" if count == 1 else f"{count} requirements"
        with progress.step("lock") as step:

            def say(words: str) -> None:
                step.detail = words

            locked = store.lock(specification, python=python, upgrade=upgrade, say=say)
            count = len(locked.versions)
            packages = "1 package" if count == 1 else f"{count} packages"
            step.detail = f"{packages} for Python {locked.python}"
        with progress.step("environment") as step:
            name = specification.source_name
            place = store.ensure(locked.text, locked.python, specification.options, say, name)
            step.detail = str(place)
        return BuiltEnvironment(store.find(place.name), locked.specification.notices)

    def list(self) -> Sequence[EnvironmentView]:
        """All finished environments, by id."""
        users = _users_by_place(self._root)
        return [_view(record, users) for record in self.store.list()]

    def get(self, identifier: str) -> EnvironmentView:
        """The environment whose id or lock digest begins so; raises `EnvironmentNotFound`."""
        return _view(self.store.find(identifier), _users_by_place(self._root))

    def delete(self, identifier: str) -> EnvironmentRecord:
        """Remove an environment. Its lock stays: it can be built again as it was.

        Raises:
            EnvironmentNotFound: there is none, or more than one.
            EnvironmentInUse: a loaded revision of an endpoint runs in it.
        """
        view = self.get(identifier)
        if view.endpoints:
            raise EnvironmentInUse(view.record.id, view.endpoints)
        self.store.delete(view.record)
        return view.record

    def _conda_names(self) -> CondaNames:
        return CondaNames.of_user(self._root)


def _view(record: EnvironmentRecord, users: dict[Path, list[str]]) -> EnvironmentView:
    return EnvironmentView(record, tuple(users.get(record.directory.resolve(), ())))


def _users_by_place(root: Path) -> dict[Path, list[str]]:
    """The names of the endpoints with a revision in each environment's folder."""
    users: dict[Path, list[str]] = {}
    for document in sorted((root / "endpoints").glob("*/endpoint.json")):
        for place in _places_in(document):
            users.setdefault(place, []).append(document.parent.name)
    return users


def _places_in(document: Path) -> set[Path]:
    """The environments that a wanted state names; one that cannot be read names none."""
    try:
        revisions = json.loads(document.read_bytes())["revisions"]
        named = [revision.get("environment") for revision in revisions]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {(document.parent / place).resolve() for place in named if isinstance(place, str)}
