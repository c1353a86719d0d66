"""The state of a compute target, as old notebooks print it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

_NODES = ("preparing", "running", "idle", "unusable", "leaving", "preempted")


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A target that is there and has no nodes of its own."""

    created: datetime
    vm_size: str
    least_nodes: int
    most_nodes: int

    @classmethod
    def of(cls, target: Any) -> "TargetStatus":
        """The state of a target."""
        given = target.values
        least = given.get("min_nodes") or given.get("cluster_min_nodes") or 0
        most = given.get("max_nodes") or given.get("cluster_max_nodes") or 1
        return cls(target.created_on, given.get("vm_size") or "", least, most)

    def serialize(self) -> dict[str, Any]:
        """The state under the vendor's keys."""
        moment = self.created.isoformat()
        return {
            "currentNodeCount": 0,
            "targetNodeCount": 0,
            "nodeStateCounts": {f"{name}NodeCount": 0 for name in _NODES},
            "allocationState": "Steady",
            "allocationStateTransitionTime": moment,
            "errors": None,
            "creationTime": moment,
            "modifiedTime": moment,
            "provisioningState": "Succeeded",
            "provisioningStateTransitionTime": None,
            "scaleSettings": {
                "minNodeCount": self.least_nodes,
                "maxNodeCount": self.most_nodes,
                "nodeIdleTimeBeforeScaleDown": "PT1800S",
            },
            "vmPriority": "Dedicated",
            "vmSize": self.vm_size,
        }
