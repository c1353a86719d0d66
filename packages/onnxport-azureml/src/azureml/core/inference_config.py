"""`InferenceConfig`: scoring code with the environment it runs in."""

from pathlib import Path
from typing import Any

from azureml.core._scoring import ScoringFiles, scoring_files
from azureml.core.environment import Environment
from azureml.exceptions import UserErrorException


class InferenceConfig:
    """Scoring code with the environment it runs in. The members that are about containers are told as unmet when it is deployed."""

    def __init__(
        self,
        entry_script: str,
        runtime: str | None = None,
        conda_file: str | None = None,
        extra_docker_file_steps: str | None = None,
        source_directory: str | None = None,
        enable_gpu: bool | None = None,
        description: str | None = None,
        base_image: str | None = None,
        base_image_registry: Any = None,
        cuda_version: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        legacy = (
            runtime,
            conda_file,
            extra_docker_file_steps,
            enable_gpu,
            base_image,
            cuda_version,
        )
        if environment is not None and any(legacy):
            raise UserErrorException(
                "environment takes the place of runtime, conda_file and all that is about images"
            )
        _check_script(entry_script, source_directory)
        self.entry_script = entry_script
        self.runtime = runtime
        self.conda_file = conda_file
        self.extra_docker_file_steps = extra_docker_file_steps
        self.source_directory = source_directory
        self.enable_gpu = enable_gpu
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self.environment = environment

    def scoring_files(self) -> ScoringFiles:
        """The code as onnxport takes it."""
        docker = self.environment.docker if self.environment else None
        unmet = {
            "docker_file": self.extra_docker_file_steps or (docker and docker.base_dockerfile),
            "base_image": self.base_image or (docker and docker.base_image),
            "enable_gpu": self.enable_gpu,
            "cuda_version": self.cuda_version,
        }
        environment = self.environment or self.conda_file
        return scoring_files(self.entry_script, self.source_directory, environment, unmet)


def _check_script(script: str, source_directory: str | None) -> None:
    path = Path(source_directory or ".") / script
    if not path.is_file():
        raise UserErrorException(f"the entry script {path} does not exist")
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise UserErrorException(
            f"the entry script {path.name} is not a Python module's name with .py"
        )
