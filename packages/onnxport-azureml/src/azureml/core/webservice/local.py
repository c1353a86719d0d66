"""`LocalWebservice`: what was ordered for the developer's own machine."""

from typing import Any

from azureml._not_provided import not_provided
from azureml._translating import translated
from azureml.core import _deploying
from azureml.core._configuration import DeploymentConfiguration
from azureml.core._printing import say
from azureml.core.webservice.webservice import Webservice
from azureml.exceptions import WebserviceException

_NO_KEYS = "A local service has none; deploy with AksWebservice.deploy_configuration, or auth_enabled=True for ACI."


class LocalWebservice(Webservice):
    """A service that was ordered for this machine."""

    kind = "Local"

    @staticmethod
    def deploy_configuration(port: int | None = None) -> DeploymentConfiguration:
        """What a service is to have: a port, or one that is free."""
        configuration = DeploymentConfiguration("Local", {"port": port})
        configuration.validate()
        return configuration

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._view.port)

    @property
    def state(self) -> str:
        """`running`, `deploying`, `failed`, `deleted` or `unknown`."""
        states = {"Healthy": "running", "Transitioning": "deploying", "Failed": "failed"}
        return "deleted" if self._deleted else states.get(super().state, "unknown")

    def _say_finished(self, outcome: str) -> None:
        say("Checking container health...")
        running = f"running at http://localhost:{self.port}" if outcome == "Succeeded" else "failed"
        say(f"Local webservice is {running}")

    def reload(self, wait: bool = False) -> None:
        """Take up the scoring code as it is on the disk now; without code known to this object, start the service again."""
        if self.files is None:
            self._restart()
            return
        references = [one.url for one in self.models]
        wanted = _deploying.order(
            self.workspace, self.name, DeploymentConfiguration("Local"), None, True
        )
        self._take_over(_deploying.deploy_code(wanted, self.files, references))

    def _restart(self) -> None:
        with translated():
            self.workspace.native.endpoints.restart(self.name)

    def update(
        self,
        models: Any = None,
        image_config: Any = None,
        deployment_config: DeploymentConfiguration | None = None,
        wait: bool = False,
        inference_config: Any = None,
    ) -> None:
        """Deploy again with other models, code or port; models that are not given stay."""
        if (
            models is None
            and image_config is None
            and inference_config is None
            and deployment_config is None
        ):
            raise WebserviceException("nothing is given to update")
        local = deployment_config or DeploymentConfiguration("Local")
        wanted = _deploying.Order(self.workspace, self.name, local, True, False)
        code = inference_config or image_config
        self._take_over(
            _deploying.deploy_again(wanted, None, models or self.models, code, self.files)
        )

    def delete(
        self, delete_cache: bool = True, delete_image: bool = False, delete_volume: bool = True
    ) -> None:
        """Stop the service and remove it; there is no cache, image or volume of its own."""
        super().delete()

    def deploy_to_cloud(
        self, name: str | None = None, deployment_config: Any = None, deployment_target: Any = None
    ) -> Any:
        """A further service of the same models and code."""
        wanted = _deploying.order(
            self.workspace, name or self.name, deployment_config, deployment_target, True
        )
        return _deploying.deploy_again(wanted, None, self.models, None, self.files)

    def get_logs(self, num_lines: int = 5000, init: bool = False, raw: bool = False) -> str:
        """The last lines of the log, for people."""
        return super().get_logs(num_lines, init)

    def get_keys(self) -> Any:
        """Not provided for this kind."""
        not_provided("LocalWebservice.get_keys", _NO_KEYS)

    def regen_key(self, key: str, set_key: str | None = None) -> None:
        """Not provided for this kind."""
        not_provided("LocalWebservice.regen_key", _NO_KEYS)
