"""`AciWebservice`: what was ordered for a container instance."""

from typing import Any

from azureml._not_provided import absent
from azureml.core._configuration import DeploymentConfiguration
from azureml.core.webservice.webservice import Webservice

_ADDRESS = "The service listens on this machine: scoring_uri."
_RESOURCES = "Use: onnxport bundle show SERVICE, onnxport endpoint show SERVICE --json"


class AciWebservice(Webservice):
    """A service that was ordered for Azure Container Instances."""

    kind = "ACI"
    public_ip = property(absent("AciWebservice.public_ip", _ADDRESS))
    public_fqdn = property(absent("AciWebservice.public_fqdn", _ADDRESS))
    container_resource_requirements = property(
        absent("AciWebservice.container_resource_requirements", _RESOURCES)
    )
    environment = property(absent("AciWebservice.environment", _RESOURCES))
    location = "local"

    @staticmethod
    def deploy_configuration(
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        location: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        enable_app_insights: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        dns_name_label: str | None = None,
        primary_key: str | None = None,
        secondary_key: str | None = None,
        collect_model_data: bool | None = None,
        cmk_vault_base_url: str | None = None,
        cmk_key_name: str | None = None,
        cmk_key_version: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
    ) -> DeploymentConfiguration:
        """What a service is to have; raises `WebserviceException` for what cannot be."""
        configuration = DeploymentConfiguration("ACI", locals())
        configuration.validate()
        return configuration

    def update(
        self,
        image: Any = None,
        tags: Any = None,
        properties: Any = None,
        description: str | None = None,
        auth_enabled: bool | None = None,
        ssl_enabled: bool | None = None,
        ssl_cert_pem_file: str | None = None,
        ssl_key_pem_file: str | None = None,
        ssl_cname: str | None = None,
        enable_app_insights: bool | None = None,
        models: Any = None,
        inference_config: Any = None,
        **more: Any,
    ) -> None:
        """Deploy again, or change what is set; what is not given stays. Raises `WebserviceException` where nothing is given."""
        given = _without(locals(), "self", "image", "models", "inference_config", "more")
        self._update(image, models, inference_config, {**given, **more})


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in (*names, "__class__")}
