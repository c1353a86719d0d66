"""The public SDK: a workspace and everything in it.

from onnxport import Workspace

workspace = Workspace.open()
version = workspace.models.register("iris.onnx", name="iris", tags={"stage": "test"})
workspace.endpoints.deploy("models:/iris/1")
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from onnxport.registry.location import Location
from onnxport.service.workspace import find_root, open_location

if TYPE_CHECKING:
    from onnxport.registry.registry import Registry
    from onnxport.service.bundles import Bundles
    from onnxport.service.endpoints import Endpoints
    from onnxport.service.environments import Environments
    from onnxport.service.images import Images
    from onnxport.service.known_workspaces import KnownWorkspace
    from onnxport.service.mirror import Mirror
    from onnxport.service.model.models import Models
    from onnxport.service.notebooks import Notebooks
    from onnxport.service.script_run import Scripts
    from onnxport.service.tidying import Tidied


@dataclass(frozen=True, slots=True)
class WorkspaceSummary:
    """Where a workspace is and what is in it; `size` is that of the distinct bytes of all versions."""

    root: Path
    models: int
    versions: int
    size: int
    endpoints: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "path": str(self.root),
            "models": self.models,
            "versions": self.versions,
            "bytes": self.size,
            "endpoints": list(self.endpoints),
        }


class Workspace:
    """Models and endpoints in one place. Many processes and threads may use it at once; open it with `Workspace.open`.

    `with Workspace.open() as workspace:` works too. There is nothing to close: endpoints run on, and it may be used afterwards.
    """

    def __init__(self, location: Location) -> None:
        self._location = location

    @classmethod
    def open(cls, path: str | Path | None = None) -> Self:
        """Open a workspace, making it where the folder is missing or empty.

        Args:
            path: its folder; by default that in `ONNXPORT_WORKSPACE`, else `onnxport` in the user's data folder.

        Raises:
            NotAWorkspace: the folder holds other things.
            UnsupportedLocation: a URL is given.
            WorkspaceUnusable: the folder cannot be made or written.
        """
        return cls(open_location(find_root(path)))

    def __enter__(self) -> Self:
        """The workspace itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing: a workspace keeps nothing open that would have to be closed."""

    @staticmethod
    def known() -> "list[KnownWorkspace]":
        """The workspaces that this user knows of."""
        from onnxport.service.known_workspaces import list_workspaces

        return list_workspaces()

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self._location.root

    @cached_property
    def models(self) -> "Models":
        """Registered models."""
        from onnxport.service.model.models import Models

        return Models(self._registry)

    @cached_property
    def endpoints(self) -> "Endpoints":
        """Endpoints on this machine."""
        from onnxport.service.endpoints import Endpoints

        return Endpoints(self.root, self.models, self._registry.endpoints)

    @cached_property
    def bundles(self) -> "Bundles":
        """The immutable directories that revisions run."""
        from onnxport.service.bundles import Bundles

        return Bundles(self.root, self._registry.endpoints)

    @cached_property
    def images(self) -> "Images":
        """Bundles under a name and a number, built to be deployed later."""
        from onnxport.service.images import Images

        return Images(self.root, self.models, self._registry.images)

    @cached_property
    def scripts(self) -> "Scripts":
        """Scoring code, to be run once in a terminal."""
        from onnxport.service.script_run import Scripts

        return Scripts(self.root, self.models)

    @cached_property
    def environments(self) -> "Environments":
        """Virtual environments that scoring code runs in."""
        from onnxport.service.environments import Environments

        return Environments(self.root)

    @cached_property
    def notebooks(self) -> "Notebooks":
        """Notebooks, to be run without a person."""
        from onnxport.service.notebooks import Notebooks

        return Notebooks(self.root)

    @cached_property
    def mirror(self) -> "Mirror":
        """Files that stand for URLs in notebooks."""
        from onnxport.service.mirror import Mirror

        return Mirror.of_workspace(self.root)

    def show(self) -> WorkspaceSummary:
        """What is in the workspace."""
        models = self.models.list()
        blobs = self._registry.models.blobs()
        return WorkspaceSummary(
            self.root,
            len(models),
            sum(model.versions for model in models),
            sum(blob.size for blob in blobs),
            tuple(record.name for record in self._registry.endpoints.list()),
        )

    def remember(self) -> None:
        """Add this workspace to those that `Workspace.known` lists."""
        from onnxport.service.known_workspaces import remember

        remember(self.root)

    def gc(self, *, verify: bool = False) -> "Tidied":
        """Remove bytes that no model needs, bundles that no revision and no image names, and what killed processes left behind.

        Waits for registrations that are under way. With `verify` every byte is read and compared with its hash.
        """
        from onnxport.service.tidying import tidy

        return tidy(self._location, self._registry, verify=verify)

    @cached_property
    def _registry(self) -> "Registry":
        from onnxport.registry.registry import Registry

        return Registry(self._location)
