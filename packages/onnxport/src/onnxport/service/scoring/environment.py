"""From the environment file that a person names to the locked environment of a bundle, and its directory on this machine."""

from dataclasses import dataclass
from pathlib import Path

from onnxport.bundle.interface import ScoringEnvironment
from onnxport.environment.conda_names import CondaNames
from onnxport.environment.python_version import check_python
from onnxport.environment.specification import EnvironmentSpecification, read_specification
from onnxport.environment.store import EnvironmentStore
from onnxport.service.endpoint.revision_environments import Say
from onnxport.service.scoring.errors import EnvironmentNeeded
from onnxport.service.scoring.source import ScoringSource

_USUAL_NAMES = ("myenv.yml", "environment.yml", "conda.yml", "requirements.txt")


@dataclass(frozen=True, slots=True)
class EnvironmentFile:
    """What an environment file asks for, and the Python version that a person named beside it."""

    specification: EnvironmentSpecification
    wanted_python: str | None

    @classmethod
    def read(cls, source: ScoringSource, names: CondaNames) -> "EnvironmentFile":
        """Read the file; `names` says what conda packages are called on PyPI.

        Raises:
            EnvironmentNeeded: none was named; tells which files lie beside the script.
            PythonUnsupported: the version that was named beside it is none.
            UserError: it cannot be read; see `onnxport.environment.specification_errors`.
        """
        if source.environment is None:
            raise EnvironmentNeeded(source.script, _candidates(source))
        python = None if source.python is None else check_python(source.python)
        return cls(read_specification(source.environment, names), python)

    @property
    def python(self) -> str | None:
        """The Python version, where it is known before the lock."""
        return self.wanted_python or self.specification.python

    @property
    def notices(self) -> tuple[str, ...]:
        """What was changed or left out, and what should not be in the file, in sentences."""
        return self.specification.notices

    @property
    def summary(self) -> str:
        """The file and how much it asks for."""
        count = len(self.specification.requirements)
        packages = "1 requirement" if count == 1 else f"{count} requirements"
        python = f", Python {self.python}" if self.python else ""
        return f"{self.specification.source_name}: {packages}{python}"


def locked_environment(
    environments: EnvironmentStore, file: EnvironmentFile, say: Say
) -> tuple[ScoringEnvironment, Path]:
    """The environment as a bundle states it, and where it is; built unless it is there.

    Raises:
        OnnxportError: it cannot be resolved or built; see `onnxport.environment.errors`.
    """
    specification = file.specification
    locked = environments.lock(specification, python=file.wanted_python, say=say)
    for notice in locked.specification.notices[len(specification.notices) :]:
        say(notice)
    place = environments.ensure(
        locked.text, locked.python, specification.options, say, specification.source_name
    )
    stated = ScoringEnvironment(
        locked.python,
        locked.text,
        tuple(locked.platforms),
        specification.source_name,
        specification.source,
        specification.variables,
    )
    return stated, place


def _candidates(source: ScoringSource) -> list[Path]:
    folders = [source.script.expanduser().parent]
    if source.source_dir is not None:
        folders.append(source.source_dir.expanduser())
    found = [folder / name for folder in folders for name in _USUAL_NAMES]
    return [path for path in dict.fromkeys(found) if path.is_file()]
