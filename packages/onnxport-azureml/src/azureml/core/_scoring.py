"""Scoring code in the forms of both eras, as onnxport takes it: a script, an environment file, a source folder, and what is unmet."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from azureml.core.environment import Environment
from azureml.exceptions import WebserviceException

UNMET_OF_CODE = {
    "docker_file": "steps of a Dockerfile are not run; install what they install on this machine",
    "base_image": "services are processes of this machine, without a base image",
    "enable_gpu": "services run on the CPU",
    "cuda_version": "services run on the CPU",
    "schema_file": "the schema file is not read; decorate run() with inference_schema instead",
}


@dataclass(frozen=True, slots=True)
class ScoringFiles:
    """What onnxport is given; `environment` is a file, an `Environment`, or `None` for the vendor's default packages."""

    script: Path
    environment: str | Environment | None
    source_dir: str | None
    notices: tuple[str, ...]

    @contextmanager
    def environment_file(self) -> Iterator[Path]:
        """The environment as a file, there for as long as the context is entered."""
        if isinstance(self.environment, str):
            yield Path(self.environment)
            return
        document = (self.environment or Environment("defaults")).conda_file()
        with tempfile.TemporaryDirectory(prefix="onnxport-azureml-") as folder:
            name = self.environment.name if self.environment else "defaults"
            file = Path(folder) / f"{''.join(c if c.isalnum() else '-' for c in name)}.yml"
            file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
            yield file


def scoring_files(
    script: str,
    source_dir: str | None,
    environment: str | Environment | None,
    unmet: dict[str, Any],
) -> ScoringFiles:
    """Scoring code as it was configured.

    Args:
        script: the entry script, where there is a source folder inside it.
        source_dir: the source folder.
        environment: a conda file inside it, or an environment.
        unmet: what was set that this machine has no use for, by the keys of `UNMET_OF_CODE`.

    Raises:
        WebserviceException: the script is not there.
    """
    folder = Path("." if source_dir is None else source_dir)
    path = folder / script
    if not path.is_file():
        raise WebserviceException(f"ScoringScriptMissing: there is no scoring script {path}")
    if isinstance(environment, str):
        inside = folder / environment
        environment = str(inside if inside.is_file() else Path(environment))
    notices = tuple(f"{name}: {UNMET_OF_CODE[name]}" for name, value in unmet.items() if value)
    return ScoringFiles(path, environment, source_dir, notices)
