"""`ComputeTarget`: a name of a compute target, known to the process that made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from azureml.core._printing import say, say_once
from azureml.core.workspace import Workspace
from azureml.exceptions import ComputeTargetException

_MADE: dict[tuple[str, str], "ComputeTarget"] = {}


@dataclass(frozen=True, slots=True)
class TargetConfiguration:
    """What was asked for; `kind` is the class of the target, and nothing of `values` has an effect."""

    kind: "type[ComputeTarget]"
    values: Mapping[str, Any] = field(default_factory=dict)

    def enable_ssl(self, **_: Any) -> None:
        """Accepted: TLS is not terminated here."""
        say_once("enable_ssl is not met: TLS is not terminated here; put a reverse proxy in front.")


class ComputeTarget:
    """A compute target that this process made.

    Raises:
        ComputeTargetException: it made none of this name.
    """

    type = "Local"

    def __new__(cls, workspace: Workspace, name: str) -> Any:
        """The target of this name."""
        found = made_targets(workspace).get(name)
        if found is None:
            raise ComputeTargetException(
                f"ComputeTargetNotFound: Compute Target with name {name} not found in provided workspace"
            )
        return found

    def __init__(self, workspace: Workspace, name: str) -> None:
        """Nothing: `__new__` did it."""

    workspace: Workspace
    name: str
    values: Mapping[str, Any]
    created_on: datetime
    provisioning_state = "Succeeded"
    provisioning_errors: Any = None
    location = "local"
    description = ""
    cluster_resource_id: str | None = None

    @property
    def id(self) -> str:
        """An identifier."""
        return f"onnxport/{self.workspace.name}/computes/{self.name}"

    @property
    def tags(self) -> dict[str, str]:
        """Labels."""
        return dict(self.values.get("tags") or {})

    @staticmethod
    def create(
        workspace: Workspace, name: str, provisioning_configuration: TargetConfiguration
    ) -> Any:
        """A target of this name; whatever its size, everything runs on this machine."""
        say_once("Compute targets are names here: everything runs on this machine.")
        made = object.__new__(provisioning_configuration.kind)
        made.workspace, made.name, made.values = workspace, name, provisioning_configuration.values
        made.created_on = datetime.now(UTC)
        _MADE[str(workspace.native.root), name] = made
        return made

    @staticmethod
    def attach(workspace: Workspace, name: str, attach_configuration: Any = None, **_: Any) -> Any:
        """The same as `create`."""
        given = attach_configuration
        known = (
            given if isinstance(given, TargetConfiguration) else TargetConfiguration(ComputeTarget)
        )
        return ComputeTarget.create(workspace, name, known)

    @staticmethod
    def list(workspace: Workspace) -> "list[ComputeTarget]":
        """The targets that this process made."""
        return list(made_targets(workspace).values())

    def wait_for_completion(
        self,
        show_output: bool = False,
        is_delete_operation: bool = False,
        min_node_count: int | None = None,
        timeout_in_minutes: int = 25,
    ) -> None:
        """Tell that it is there."""
        if show_output:
            say("Succeeded")
            say('Provisioning operation finished, operation "Succeeded"')

    def refresh_state(self) -> None:
        """Nothing: the state never changes."""

    def get_status(self) -> Any:
        """Its state."""
        return self.status

    @property
    def status(self) -> Any:
        """Its state, with `serialize()`."""
        from azureml.core.compute.status import TargetStatus

        return TargetStatus.of(self)

    def delete(self) -> None:
        """Forget the name."""
        _MADE.pop((str(self.workspace.native.root), self.name), None)

    def detach(self) -> None:
        """Forget the name."""
        self.delete()

    def serialize(self) -> dict[str, Any]:
        """The target for programs."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "tags": self.tags,
            "provisioningState": self.provisioning_state,
            "createdOn": self.created_on.isoformat(),
        }


def made_targets(workspace: Workspace) -> dict[str, Any]:
    """The targets that this process made in a workspace, by name."""
    root = str(workspace.native.root)
    return {name: found for (place, name), found in _MADE.items() if place == root}
