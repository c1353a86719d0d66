"""`Environment`: what scoring code runs in, kept by this process and written to a conda file where it is needed."""

import copy
import json
from pathlib import Path
from typing import Any

from azureml._not_provided import absent, not_provided
from azureml.core.conda_dependencies import CondaDependencies

_REGISTERED: dict[tuple[str, str], "Environment"] = {}
_NO_IMAGES = "Services are processes of this machine; name the packages with from_conda_specification or from_pip_requirements."
_WHEEL = "Name the wheel's URL, or a --find-links folder, among the pip packages."
_AS_FILE = "Environments are made from files: from_conda_specification, from_pip_requirements."


class PythonSection:
    """Which packages, for which Python."""

    def __init__(self) -> None:
        self.conda_dependencies = CondaDependencies()
        self.conda_dependencies_file: str | None = None
        self.user_managed_dependencies = False
        self.interpreter_path = "python"
        self.base_conda_environment: str | None = None


class DockerSection:
    """Which container. Services are processes of this machine, so that whatever is set here is told as unmet when it is deployed."""

    def __init__(self) -> None:
        self.enabled = False
        self.base_image: str | None = None
        self.base_dockerfile: str | None = None
        self.base_image_registry: Any = None
        self.arguments: list[str] = []
        self.shared_volumes = True
        self.shm_size = "2g"
        self.gpu_support: bool | None = None


class SparkSection:
    """Which Spark packages; none are ever used."""

    def __init__(self) -> None:
        self.repositories: list[str] = []
        self.packages: list[str] = []
        self.precache_packages = True


class Environment:
    """Packages and variables under a name."""

    def __init__(self, name: str, **_: Any) -> None:
        self.name = name
        self.version: str | None = None
        self.python = PythonSection()
        self.docker = DockerSection()
        self.spark = SparkSection()
        self.environment_variables: dict[str, str] = {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
        self.inferencing_stack_version: str | None = None

    @classmethod
    def from_conda_specification(cls, name: str, file_path: str | Path) -> "Environment":
        """The environment that a conda file states."""
        made = cls(name)
        made.python.conda_dependencies = CondaDependencies(file_path)
        return made

    @classmethod
    def from_pip_requirements(
        cls, name: str, file_path: str | Path, pip_version: str | None = None
    ) -> "Environment":
        """The environment that a requirements file states; pip itself is not used, whatever its version."""
        made = cls(name)
        text = Path(file_path).read_text(encoding="utf-8-sig")
        lines = [line.strip() for line in text.splitlines()]
        packages = [line for line in lines if line and not line.startswith("#")]
        made.python.conda_dependencies = CondaDependencies.create(pip_packages=packages)
        return made

    @classmethod
    def get(
        cls, workspace: Any, name: str, version: str | None = None, label: str | None = None
    ) -> "Environment":
        """One that this process registered."""
        found = registered_environments(workspace).get(name)
        if found is None:
            not_provided(f"The environment {name!r}", _AS_FILE)
        return found

    @classmethod
    def list(cls, workspace: Any) -> dict[str, "Environment"]:
        """Those that this process registered, by name."""
        return registered_environments(workspace)

    def register(self, workspace: Any) -> "Environment":
        """Keep the environment for this process."""
        self.version = str(int(self.version or "0") + 1)
        _REGISTERED[str(workspace.native.root), self.name] = self
        return self

    def clone(self, new_name: str) -> "Environment":
        """A copy under another name."""
        made = copy.deepcopy(self)
        made.name, made.version = new_name, None
        return made

    def save_to_directory(self, path: str, overwrite: bool = False) -> None:
        """Write the environment as a conda file into a folder."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=overwrite)
        self.python.conda_dependencies.save(str(folder / "conda_dependencies.yml"))

    @classmethod
    def load_from_directory(cls, path: str) -> "Environment":
        """The environment in a folder."""
        folder = Path(path)
        return cls.from_conda_specification(folder.name, folder / "conda_dependencies.yml")

    def conda_file(self) -> dict[str, Any]:
        """The conda file that stands for it, with its variables."""
        document = dict(self.python.conda_dependencies.as_dict())
        if self.environment_variables:
            document["variables"] = {**document.get("variables", {}), **self.environment_variables}
        return document

    def __repr__(self) -> str:
        document = {
            "name": self.name,
            "version": self.version,
            "environmentVariables": self.environment_variables,
            "python": {
                "interpreterPath": self.python.interpreter_path,
                "userManagedDependencies": self.python.user_managed_dependencies,
                "condaDependencies": self.python.conda_dependencies.as_dict(),
            },
            "docker": {"enabled": self.docker.enabled, "baseImage": self.docker.base_image},
            "inferencingStackVersion": self.inferencing_stack_version,
        }
        return json.dumps(document, indent=4)

    from_dockerfile = absent("Environment.from_dockerfile", _NO_IMAGES)
    from_docker_image = absent("Environment.from_docker_image", _NO_IMAGES)
    from_existing_conda_environment = absent("Environment.from_existing_conda_environment", _AS_FILE)  # fmt: skip
    add_private_pip_wheel = absent("Environment.add_private_pip_wheel", _WHEEL)  # fmt: skip
    build = absent("Environment.build", "It is built when it is deployed, or with: onnxport environment build FILE")  # fmt: skip
    build_local = absent("Environment.build_local", "Use: onnxport environment build FILE")
    get_image_details = absent("Environment.get_image_details", _NO_IMAGES)


def registered_environments(workspace: Any) -> dict[str, Environment]:
    """Those that this process registered in a workspace, by name."""
    root = str(workspace.native.root)
    return {name: found for (place, name), found in _REGISTERED.items() if place == root}
