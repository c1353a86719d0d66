"""What an environment should hold: read from a conda file or a requirements file, told apart by what is in them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from onnxport.environment.conda_file import read_conda_file
from onnxport.environment.conda_names import CondaNames
from onnxport.environment.requirements_file import read_requirements_file
from onnxport.environment.source import decode, local_path, read_source
from onnxport.environment.statements import Statements
from onnxport.environment.vendor_packages import without_vendor_packages

_CONDA_KEY = re.compile(
    r"""^(?:---|\{|["']?(?:name|channels|dependencies|prefix|variables)["']?\s*:)""", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class EnvironmentSpecification:
    """What an environment should hold.

    Attributes:
        python: the minor version that is wanted, such as `3.8`; `None` where the file leaves it open.
        requirements: what to install, as a requirements file writes it.
        constraints: bounds on versions of whatever gets installed.
        options: arguments of `uv pip`, each `--name` or `--name=value`: indexes, find-links and the like. May hold credentials.
        variables: environment variables that the scoring process is to have.
        source_name: the name of the file.
        source: its bytes as they are.
        notices: what was changed or left out, in sentences for people.
    """

    python: str | None
    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = field(default=(), repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    source_name: str = "requirements.txt"
    source: bytes = field(default=b"", repr=False)
    notices: tuple[str, ...] = ()


def read_specification(
    path: str | Path, conda_names: CondaNames | None = None
) -> EnvironmentSpecification:
    """Read a conda file (`dependencies:`, `channels:`, ...) or a requirements file.

    Args:
        path: the file; its name does not matter.
        conda_names: what conda packages are called on PyPI; the built-in table and the user's file by default.

    Raises:
        SpecificationUnreadable: the file is missing, too large, or not text.
        SpecificationInvalid: something in it cannot be understood; says the line.
        CondaPackageUnmapped: a conda package has no equal among wheels.
        PythonUnsupported: it asks for Python 2.
    """
    path = local_path(Path(), os.fspath(path))
    source = read_source(path)
    text = decode(path.name, source)
    if _CONDA_KEY.search(text):
        names = CondaNames.of_user() if conda_names is None else conda_names
        stated = read_conda_file(text, path, names)
    else:
        stated = read_requirements_file(text, path)
    stated = without_vendor_packages(_without_repetition(stated))
    return EnvironmentSpecification(
        stated.python,
        stated.requirements,
        stated.constraints,
        stated.options,
        stated.variables,
        path.name,
        source,
        stated.notices,
    )


def _without_repetition(stated: Statements) -> Statements:
    return replace(
        stated,
        requirements=tuple(dict.fromkeys(stated.requirements)),
        constraints=tuple(dict.fromkeys(stated.constraints)),
        options=tuple(dict.fromkeys(stated.options)),
        notices=tuple(dict.fromkeys(stated.notices)),
    )
