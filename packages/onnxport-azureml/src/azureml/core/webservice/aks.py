"""`AksWebservice`: what was ordered for a cluster."""

import re
from typing import Any

from azureml._not_provided import Absent
from azureml.core._configuration import DeploymentConfiguration
from azureml.core.webservice.webservice import Webservice
from azureml.exceptions import WebserviceException

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{,61}[a-z0-9])?")


class AksWebservice(Webservice):
    """A service that was ordered for Azure Kubernetes Service."""

    kind = "AKS"

    @staticmethod
    def deploy_configuration(
        autoscale_enabled: bool | None = None,
        autoscale_min_replicas: int | None = None,
        autoscale_max_replicas: int | None = None,
        autoscale_refresh_seconds: int | None = None,
        autoscale_target_utilization: int | None = None,
        collect_model_data: bool | None = None,
        auth_enabled: bool | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        enable_app_insights: bool | None = None,
        scoring_timeout_ms: int | None = None,
        replica_max_concurrent_requests: int | None = None,
        max_request_wait_time: int | None = None,
        num_replicas: int | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        gpu_cores: int | None = None,
        period_seconds: int | None = None,
        initial_delay_seconds: int | None = None,
        timeout_seconds: int | None = None,
        success_threshold: int | None = None,
        failure_threshold: int | None = None,
        namespace: str | None = None,
        token_auth_enabled: bool | None = None,
        compute_target_name: str | None = None,
        cpu_cores_limit: float | None = None,
        memory_gb_limit: float | None = None,
        blobfuse_enabled: bool | None = None,
    ) -> DeploymentConfiguration:
        """What a service is to have; raises `WebserviceException` for what cannot be."""
        if namespace is not None and _NAMESPACE.fullmatch(namespace) is None:
            raise WebserviceException(f"{namespace!r} is not the name of a namespace")
        configuration = DeploymentConfiguration("AKS", locals())
        configuration.validate()
        return configuration

    def update(
        self, image: Any = None, models: Any = None, inference_config: Any = None, **values: Any
    ) -> None:
        """Deploy again, or change what is set, by the names of `deploy_configuration`; what is not given stays."""
        AksWebservice.deploy_configuration(**values)
        self._update(image, models, inference_config, values)


class AksEndpoint(metaclass=Absent):
    """Several versions behind one address; not there under this name."""

    instead = "Every service has revisions: Workspace.endpoints.traffic(name, {1: 90, 2: 10}), or `onnxport traffic`."
