"""`BatchAiCompute`: what clusters for training were called in 2018."""

from typing import Any

from azureml.core.compute.target import ComputeTarget, TargetConfiguration


class BatchAiCompute(ComputeTarget):
    """A cluster that was asked for; it has no nodes."""

    type = "BatchAI"

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        autoscale_enabled: bool = False,
        cluster_min_nodes: int | None = None,
        cluster_max_nodes: int | None = None,
        **more: Any,
    ) -> TargetConfiguration:
        """What is asked for; nothing of it has an effect."""
        nodes = {"cluster_min_nodes": cluster_min_nodes, "cluster_max_nodes": cluster_max_nodes}
        return TargetConfiguration(BatchAiCompute, {**more, "vm_size": vm_size, **nodes})
