"""`Workspace`: the current onnxport workspace, under the identifiers that old code expects."""

from pathlib import Path
from typing import Any

import onnxport

from azureml._not_provided import absent
from azureml._translating import translated
from azureml.core._config_file import WorkspaceIds, find_config, read_config
from azureml.core._listing import Listing
from azureml.core._printing import say
from azureml.exceptions import UserErrorException, WorkspaceException

_NO_RUNS = "Runs and experiments are not there yet; models, images and services are."
_NO_DATA = "Read files where they are: paths of this machine need no datastore."
_NO_CLOUD = "Nothing of the cloud is here."
_NO_SECRETS = "Use environment variables."
_NOBODY = "00000000-0000-0000-0000-000000000000"


class Workspace:
    """The workspace that `ONNXPORT_WORKSPACE` names, else the user's own.

    The constructor takes the vendor's arguments; identifiers are echoed, and everything else means nothing on this machine.
    """

    def __init__(
        self,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        auth: Any = None,
        _location: str | None = None,
        _disable_service_check: bool = False,
        _workspace_id: str | None = None,
        sku: str = "basic",
        tags: dict[str, str] | None = None,
        **_: Any,
    ) -> None:
        with translated(WorkspaceException):
            self._native = onnxport.Workspace.open()
        self.name = workspace_name or self._native.root.name
        self.resource_group = resource_group or "onnxport"
        self.subscription_id = subscription_id or _NOBODY
        self.location = _location or "local"
        self.sku = sku
        self.tags = dict(tags or {})

    def __repr__(self) -> str:
        return (
            f"Workspace.create(name={self.name!r}, subscription_id={self.subscription_id!r}, "
            f"resource_group={self.resource_group!r})"
        )

    @property
    def native(self) -> onnxport.Workspace:
        """The onnxport workspace behind it."""
        return self._native

    @classmethod
    def from_config(
        cls,
        path: str | Path | None = None,
        auth: Any = None,
        _logger: Any = None,
        _file_name: str | None = None,
    ) -> "Workspace":
        """The current workspace, under the identifiers of the nearest `config.json`.

        Raises:
            UserErrorException: `path` leads nowhere, or the file cannot be read.
        """
        place = Path("." if path is None else path)
        if path is not None and not place.exists():
            raise UserErrorException(
                f"We could not find config.json in: {place}, or the file itself"
            )
        file = place if place.is_file() else find_config(place, _file_name)
        if file is None:
            found = cls()
            say(f"No config.json from {place.absolute()} upwards: opening {found.native.root}")
            return found
        ids = read_config(file)
        return cls(ids.subscription_id, ids.resource_group, ids.workspace_name, auth)

    @classmethod
    def create(
        cls,
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: dict[str, str] | None = None,
        friendly_name: str | None = None,
        storage_account: str | None = None,
        key_vault: str | None = None,
        app_insights: str | None = None,
        container_registry: str | None = None,
        adb_workspace: Any = None,
        default_cpu_compute_target: Any = None,
        default_gpu_compute_target: Any = None,
        exist_ok: bool = False,
        show_output: bool = True,
        **_: Any,
    ) -> "Workspace":
        """The current workspace under this name; made where it is not there."""
        found = cls(subscription_id, resource_group, name, auth, location, sku=sku, tags=tags)
        if show_output:
            say(f"Workspace {name} is the folder {found.native.root}")
        return found

    @classmethod
    def get(
        cls,
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        cloud: str = "AzureCloud",
        id: str | None = None,
    ) -> "Workspace":
        """The current workspace under this name."""
        return cls(subscription_id, resource_group, name, auth, location)

    @classmethod
    def list(
        cls, subscription_id: str, auth: Any = None, resource_group: str | None = None
    ) -> dict[str, list["Workspace"]]:
        """The current workspace, by its name."""
        found = cls(subscription_id, resource_group, auth=auth)
        return {found.name: [found]}

    def write_config(self, path: str | None = None, file_name: str | None = None) -> None:
        """Write `.azureml/config.json` under a folder, so that `from_config` echoes the same identifiers there."""
        folder = Path("." if path is None else path) / ".azureml"
        folder.mkdir(parents=True, exist_ok=True)
        ids = WorkspaceIds(self.subscription_id, self.resource_group, self.name)
        (folder / (file_name or "config.json")).write_bytes(ids.to_bytes())

    def get_details(self) -> dict[str, Any]:
        """What there is to say of the workspace, under the vendor's keys."""
        place = str(self._native.root)
        scope = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return {
            "id": f"{scope}/providers/onnxport/workspaces/{self.name}",
            "name": self.name,
            "location": self.location,
            "type": "onnxport/workspace",
            "tags": self.tags,
            "sku": self.sku,
            "workspaceid": place,
            "description": "",
            "friendlyName": self.name,
            "storageAccount": place,
            **dict.fromkeys(
                ("creationTime", "containerRegistry", "keyVault", "applicationInsights")
            ),
        }

    @property
    def models(self) -> Listing:
        """The newest version of every model, by name."""
        from azureml.core.model import Model

        with translated():
            found = self._native.models.search(newest=True)
        return Listing({one.name: Model.of(self, one) for one in found})

    @property
    def images(self) -> Listing:
        """The newest version of every image, by name."""
        from azureml.core.image import ContainerImage

        with translated():
            found = self._native.images.list()
        return Listing({one.name: ContainerImage.of(self, one) for one in found})

    @property
    def webservices(self) -> Listing:
        """Every service, by name."""
        from azureml.core.webservice import Webservice

        with translated():
            found = self._native.endpoints.list()
        return Listing({one.name: Webservice.of(self, one) for one in found})

    @property
    def compute_targets(self) -> Listing:
        """The compute targets that this process made, by name."""
        from azureml.core.compute import made_targets

        return Listing(made_targets(self))

    @property
    def environments(self) -> Listing:
        """The environments that this process registered, by name."""
        from azureml.core.environment import registered_environments

        return Listing(registered_environments(self))

    @property
    def experiments(self) -> Listing:
        """None: runs are not there yet."""
        return Listing({})

    @property
    def discovery_url(self) -> str:
        """The workspace's folder as a URL."""
        return self._native.root.as_uri()

    datastores = property(absent("Workspace.datastores", _NO_DATA))
    datasets = property(absent("Workspace.datasets", _NO_DATA))
    linked_services = property(absent("Workspace.linked_services", _NO_CLOUD))
    service_context = property(absent("Workspace.service_context", _NO_CLOUD))
    delete = absent("Workspace.delete", "Delete the workspace's folder, once `onnxport down` has stopped its endpoints.")  # fmt: skip
    update = absent("Workspace.update", "A workspace here is a folder without labels.")
    get_run = absent("Workspace.get_run", _NO_RUNS)
    get_mlflow_tracking_uri = absent("Workspace.get_mlflow_tracking_uri", _NO_RUNS)
    get_default_datastore = absent("Workspace.get_default_datastore", _NO_DATA)
    set_default_datastore = absent("Workspace.set_default_datastore", _NO_DATA)
    get_default_keyvault = absent("Workspace.get_default_keyvault", _NO_SECRETS)
    get_default_compute_target = absent("Workspace.get_default_compute_target", "Everything runs on this machine.")  # fmt: skip
    list_keys = absent("Workspace.list_keys", "Keys belong to services: Webservice.get_keys().")
    sync_keys = absent("Workspace.sync_keys", "Keys belong to services: Webservice.regen_key().")
