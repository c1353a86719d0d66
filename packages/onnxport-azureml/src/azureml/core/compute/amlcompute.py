"""`AmlCompute`: a cluster for training, by name."""

from typing import Any

from azureml._not_provided import absent
from azureml.core.compute.target import ComputeTarget, TargetConfiguration
from azureml.core.workspace import Workspace


class AmlCompute(ComputeTarget):
    """A cluster that was asked for; it has no nodes."""

    type = "AmlCompute"

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int = 1800,
        tags: dict[str, str] | None = None,
        description: str | None = None,
        location: str | None = None,
        **more: Any,
    ) -> TargetConfiguration:
        """What is asked for; nothing of it has an effect."""
        given = {"vm_size": vm_size, "min_nodes": min_nodes, "max_nodes": max_nodes, "tags": tags}
        return TargetConfiguration(AmlCompute, {**more, **given})

    @staticmethod
    def supported_vmsizes(
        workspace: Workspace, location: str | None = None
    ) -> list[dict[str, Any]]:
        """None: every size is accepted."""
        return []

    def list_nodes(self) -> "list[dict[str, Any]]":
        """None."""
        return []

    update = absent("AmlCompute.update", "Everything runs on this machine.")
    get_active_runs = absent("AmlCompute.get_active_runs", "Runs are not there yet.")
