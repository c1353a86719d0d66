"""`ContainerImage`: the image of scoring code, and how it is configured."""

from pathlib import Path
from typing import Any

from azureml.core._labels import Tags
from azureml.core._scoring import ScoringFiles, scoring_files
from azureml.core.image.image import Image
from azureml.exceptions import WebserviceException

_RUNTIMES = ("python", "python-slim")


class ContainerImageConfig:
    """Scoring code with its conda file, and labels."""

    def __init__(
        self,
        execution_script: str,
        conda_file: str | None,
        unmet: dict[str, Any],
        labels: dict[str, Any],
    ) -> None:
        self.execution_script = execution_script
        self.conda_file = conda_file
        self.description: str | None = labels["description"]
        self.tags: Tags = labels["tags"]
        self.properties: Tags = labels["properties"]
        self._unmet = unmet

    def scoring_files(self) -> ScoringFiles:
        """The code as onnxport takes it."""
        return scoring_files(self.execution_script, None, self.conda_file, self._unmet)


class ContainerImage(Image):
    """An image of scoring code. Today it is a bundle, which services of this machine run."""

    @staticmethod
    def image_configuration(
        execution_script: str,
        runtime: str,
        conda_file: str | None = None,
        docker_file: str | None = None,
        schema_file: str | None = None,
        dependencies: Any = None,
        enable_gpu: bool | None = None,
        tags: Tags = None,
        properties: Tags = None,
        description: str | None = None,
        base_image: str | None = None,
        base_image_registry: Any = None,
        cuda_version: str | None = None,
        **_: Any,
    ) -> ContainerImageConfig:
        """Say what an image is made of.

        Args:
            execution_script: a file that defines `init()` and `run(data)`.
            runtime: `python`.
            conda_file: the packages; the vendor's default ones where none is given.
            docker_file: steps that are not run, and told as unmet.
            schema_file: not read, and told as unmet.
            dependencies: further files; not taken, use `InferenceConfig(source_directory=...)`.
            enable_gpu: told as unmet.
            tags: a dict, or a list of words.
            properties: further labels.
            description: what people should know about it.
            base_image: told as unmet.
            base_image_registry: told as unmet with the base image.
            cuda_version: told as unmet.

        Raises:
            WebserviceException: the script is not there, or the runtime is not Python.
        """
        if runtime not in _RUNTIMES:
            raise WebserviceException(f"the runtime {runtime!r} is not provided; use 'python'")
        if dependencies:
            raise WebserviceException(
                "dependencies are not taken; put the files into a folder and use InferenceConfig(source_directory=...)"
            )
        if not Path(execution_script).is_file():
            raise WebserviceException(
                f"ScoringScriptMissing: there is no scoring script {execution_script}"
            )
        unmet = {
            "docker_file": docker_file,
            "schema_file": schema_file,
            "enable_gpu": enable_gpu,
            "base_image": base_image,
            "cuda_version": cuda_version,
        }
        labels = {"description": description, "tags": tags, "properties": properties}
        return ContainerImageConfig(execution_script, conda_file, unmet, labels)
