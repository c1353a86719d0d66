"""`AksCompute`: a cluster to deploy to, by name."""

from typing import Any

from azureml._not_provided import absent
from azureml.core.compute.target import ComputeTarget, TargetConfiguration


class AksCompute(ComputeTarget):
    """A cluster that was asked for. Services that are ordered for it are processes of this machine, and need keys."""

    type = "AKS"

    class ClusterPurpose:
        """What a cluster is for; without an effect."""

        DEV_TEST = "DevTest"
        FAST_PROD = "FastProd"

    @staticmethod
    def provisioning_configuration(
        agent_count: int | None = None,
        vm_size: str | None = None,
        location: str | None = None,
        cluster_purpose: str | None = None,
        **more: Any,
    ) -> TargetConfiguration:
        """What is asked for; nothing of it has an effect."""
        given = {"max_nodes": agent_count, "vm_size": vm_size, "cluster_purpose": cluster_purpose}
        return TargetConfiguration(AksCompute, {**more, **given})

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        cluster_name: str | None = None,
        resource_id: str | None = None,
        cluster_purpose: str | None = None,
        **more: Any,
    ) -> TargetConfiguration:
        """Which cluster is meant; nothing of it has an effect."""
        return TargetConfiguration(AksCompute, {**more, "cluster_purpose": cluster_purpose})

    @staticmethod
    def attach(  # type: ignore[override]
        workspace: Any, name: str, attach_configuration: Any = None, resource_id: str | None = None
    ) -> Any:
        """The target of an existing cluster, in the forms of both eras."""
        known = isinstance(attach_configuration, TargetConfiguration)
        given = attach_configuration if known else TargetConfiguration(AksCompute)
        return ComputeTarget.create(workspace, name, given)

    get_credentials = absent("AksCompute.get_credentials", "There is no cluster; everything runs on this machine.")  # fmt: skip
