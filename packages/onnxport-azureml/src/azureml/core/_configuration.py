"""Deployment configurations: what a person sets, what of it onnxport enforces, and what is told as unmet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from onnxport import DeployOptions

from azureml.core._labels import OWN, tag_pairs
from azureml.exceptions import WebserviceException

_TLS = "TLS is not terminated here; put a reverse proxy in front"
_KEY = "keys are made at random; set one with regen_key(key, set_key=...)"
_PROCESS = "the service is a process of this machine"
_SCALING = "replicas are not scaled; their number is num_replicas, by default one per core"
_PROBES = "the supervisor watches replicas by itself"
ENFORCED = {
    "cpu_cores": "cores of the service",
    "cpu_cores_limit": "cores of the service, in place of cpu_cores",
    "memory_gb": "memory of each replica",
    "memory_gb_limit": "memory of each replica, in place of memory_gb",
    "num_replicas": "processes with the scoring code, or concurrent runs of an ONNX model",
    "replica_max_concurrent_requests": "multiplies num_replicas",
    "scoring_timeout_ms": "the longest time of a request",
    "max_request_wait_time": "the longest time in the queue, then 503",
    "auth_enabled": "whether requests need a key; by default off for ACI, on for AKS",
    "collect_model_data": "whether ModelDataCollector writes (scoring code only)",
    "tags": "kept",
    "properties": "kept",
    "description": "kept",
    "port": "the port of the service",
}
"""Parameters with an effect, and which."""
UNMET = {
    "location": _PROCESS,
    "dns_name_label": _PROCESS,
    "vnet_name": _PROCESS,
    "subnet_name": _PROCESS,
    "namespace": _PROCESS,
    "compute_target_name": _PROCESS,
    "blobfuse_enabled": _PROCESS,
    "gpu_cores": "services run on the CPU",
    "ssl_enabled": _TLS,
    "ssl_cert_pem_file": _TLS,
    "ssl_key_pem_file": _TLS,
    "ssl_cname": _TLS,
    "cmk_vault_base_url": "nothing is encrypted by the service",
    "cmk_key_name": "nothing is encrypted by the service",
    "cmk_key_version": "nothing is encrypted by the service",
    "enable_app_insights": "prints are in get_logs(), rates and latencies at /metrics of the service",
    "primary_key": _KEY,
    "secondary_key": _KEY,
    "token_auth_enabled": "there are no tokens; use keys",
    "autoscale_enabled": _SCALING,
    "autoscale_min_replicas": _SCALING,
    "autoscale_max_replicas": _SCALING,
    "autoscale_refresh_seconds": _SCALING,
    "autoscale_target_utilization": _SCALING,
    "period_seconds": _PROBES,
    "initial_delay_seconds": _PROBES,
    "timeout_seconds": _PROBES,
    "success_threshold": _PROBES,
    "failure_threshold": _PROBES,
}
"""Parameters that are accepted and printed as unmet where they are set, and why."""
_POSITIVE = (
    *("cpu_cores", "memory_gb", "cpu_cores_limit", "memory_gb_limit", "num_replicas", "port"),
    *("scoring_timeout_ms", "max_request_wait_time", "replica_max_concurrent_requests"),
)


@dataclass(frozen=True, slots=True)
class DeploymentConfiguration:
    """What was set for a service of a kind: `ACI`, `AKS` or `Local`."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def validate(self) -> None:
        """Raise `WebserviceException` for values that contradict one another or cannot be."""
        given = self.values
        for name in _POSITIVE:
            if given.get(name) is not None and not given[name] > 0:
                raise WebserviceException(f"{name} must be above zero")
        if given.get("auth_enabled") and given.get("token_auth_enabled"):
            raise WebserviceException("auth_enabled and token_auth_enabled exclude each other")
        if given.get("autoscale_enabled") and given.get("num_replicas"):
            raise WebserviceException("autoscale_enabled and num_replicas exclude each other")
        if given.get("autoscale_enabled") is False and not given.get("num_replicas"):
            raise WebserviceException("without autoscale_enabled, num_replicas is needed")

    def notices(self, *, is_code: bool) -> Iterator[str]:
        """What of it is unmet, a line each."""
        for name, why in UNMET.items():
            if self.values.get(name):
                yield f"{name} is not met: {why}"
        if self.values.get("collect_model_data") and not is_code:
            yield "collect_model_data is not met: there is no scoring code that would collect"

    def options(
        self, *, is_code: bool, must_be_new: bool, own: Mapping[str, str], keep: bool = False
    ) -> DeployOptions:
        """What of it onnxport enforces.

        Args:
            is_code: whether it is scoring code, or an ONNX model.
            must_be_new: refuse a service that is there already.
            own: the facade's own properties of the service.
            keep: leave what is not said as it is, rather than taking the kind's default.
        """
        given = self.values
        replicas = given.get("num_replicas")
        if replicas is not None:
            replicas = int(replicas) * int(given.get("replica_max_concurrent_requests") or 1)
        auth = given.get("auth_enabled")
        memory_gb = given.get("memory_gb_limit") or given.get("memory_gb")
        return DeployOptions(
            cpu=given.get("cpu_cores_limit") or given.get("cpu_cores"),
            memory_mb=None if memory_gb is None else max(1, round(memory_gb * 1024)),
            workers=replicas if is_code else None,
            concurrency=None if is_code else replicas,
            collect_data=given.get("collect_model_data") if is_code else None,
            request_timeout_s=_seconds(given.get("scoring_timeout_ms")),
            queue_timeout_s=_seconds(given.get("max_request_wait_time")),
            require_keys=self.kind == "AKS" if auth is None and not keep else auth,
            port=given.get("port"),
            description=given.get("description"),
            tags=None if given.get("tags") is None else tag_pairs(given["tags"]),
            properties=_properties(given.get("properties"), own, keep=keep),
            must_be_new=must_be_new,
        )


def _properties(given: Any, own: Mapping[str, str], *, keep: bool) -> dict[str, str] | None:
    if given is None and keep:
        return None
    return {**tag_pairs(given), **{f"{OWN}{key}": value for key, value in own.items()}}


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
