"""`CondaDependencies`: a conda file as a value, with the entries and their order as the vendor's SDK writes them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import yaml

from azureml.exceptions import UserErrorException

DEFAULT_SDK_ORIGIN = "azureml-defaults"
_PYTHON_OF_NEW = "3.8.13"
_PYTHON_OF_CREATE = "3.10.18"
_CHANNELS = ("anaconda", "conda-forge")
_COMMENT = "# Conda environment specification. onnxport resolves it once, to wheels, when a service or an image is made.\n"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class CondaDependencies:
    """Packages from conda and pip.

    Args:
        conda_dependencies_file_path: a conda file to begin with; otherwise the vendor's defaults.
    """

    def __init__(
        self,
        conda_dependencies_file_path: str | Path | None = None,
        _underlying_structure: dict[str, Any] | None = None,
    ) -> None:
        if conda_dependencies_file_path is not None:
            _underlying_structure = _read(Path(conda_dependencies_file_path))
        self._document = _underlying_structure or {
            "name": "project_environment",
            "dependencies": [f"python={_PYTHON_OF_NEW}", {"pip": [DEFAULT_SDK_ORIGIN]}],
            "channels": list(_CHANNELS),
        }

    @classmethod
    def create(
        cls,
        pip_indexurl: str | None = None,
        pip_packages: Iterable[str] | None = None,
        conda_packages: Iterable[str] | None = None,
        python_version: str = _PYTHON_OF_CREATE,
        pin_sdk_version: bool = True,
    ) -> Self:
        """Dependencies of these packages; a list of pip packages takes the place of the default one.

        `pin_sdk_version` is accepted: the vendor's packages are provided by onnxport in any version.
        """
        made = cls()
        made.set_python_version(python_version)
        made._pip[:] = [DEFAULT_SDK_ORIGIN] if pip_packages is None else list(pip_packages)
        made._dependencies.extend(conda_packages or ())
        if pip_indexurl is not None:
            made.set_pip_index_url(pip_indexurl)
        return made

    @property
    def conda_channels(self) -> Iterator[str]:
        """The channels."""
        return iter(self._document.setdefault("channels", []))

    @property
    def conda_packages(self) -> Iterator[str]:
        """The packages from conda, Python among them."""
        return (one for one in self._dependencies if isinstance(one, str))

    @property
    def pip_packages(self) -> Iterator[str]:
        """The packages from pip."""
        return (one for one in self._pip if not one.startswith("-"))

    @property
    def pip_options(self) -> Iterator[str]:
        """The options of pip."""
        return (one for one in self._pip if one.startswith("-"))

    def add_channel(self, channel: str) -> None:
        """Add a channel."""
        channels = self._document.setdefault("channels", [])
        channels.extend([] if channel in channels else [channel])

    def remove_channel(self, channel: str) -> None:
        """Remove a channel; one that is not there is no error."""
        self._document["channels"] = [one for one in self.conda_channels if one != channel]

    def add_conda_package(self, conda_package: str) -> None:
        """Add a package from conda, in place of another version of it."""
        self._document["dependencies"] = [
            one for one in self._dependencies if not _is_same(one, conda_package)
        ]
        self._dependencies.append(conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a package exactly as it was added; one that is not there is no error."""
        self._document["dependencies"] = [one for one in self._dependencies if one != conda_package]

    def add_pip_package(self, pip_package: str) -> None:
        """Add a package from pip, in place of another version of it."""
        self._pip[:] = [one for one in self._pip if not _is_same(one, pip_package)]
        self._pip.append(pip_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove a package exactly as it was added; one that is not there is no error."""
        self._pip[:] = [one for one in self._pip if one != pip_package]

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Replace the packages from pip."""
        self._pip[:] = list(pip_requirements)

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option of pip, in place of another value of it."""
        name = re.split(r"[ =]", pip_option, maxsplit=1)[0]
        kept = [one for one in self._pip if re.split(r"[ =]", one, maxsplit=1)[0] != name]
        self._pip[:] = [pip_option, *kept]

    def set_pip_index_url(self, index_url: str) -> None:
        """Say where pip finds packages."""
        self.set_pip_option(f"--index-url {index_url}")

    def get_python_version(self) -> str | None:
        """The version of Python; `None` where the file leaves it open."""
        found = (re.fullmatch(r"python\s*[=<>~!]*\s*(.*)", one) for one in self.conda_packages)
        return next((match[1] or None for match in found if match), None)

    def set_python_version(self, version: str) -> None:
        """Set the version of Python."""
        kept = [one for one in self._dependencies if not _is_same(one, "python")]
        self._document["dependencies"] = [f"python={version}", *kept]

    def as_dict(self) -> dict[str, Any]:
        """What the file holds."""
        return self._document

    def serialize_to_string(self) -> str:
        """The text of the conda file."""
        return _COMMENT + yaml.safe_dump(
            self._document, default_flow_style=False, sort_keys=False, allow_unicode=True
        )

    def save_to_file(self, base_directory: str, conda_file_path: str | None = None) -> str:
        """Write the file under a folder and return its path inside it."""
        name = conda_file_path or "conda_dependencies.yml"
        self.save(str(Path(base_directory) / name))
        return name

    def save(self, path: str | None = None) -> str:
        """Write the file and return its path."""
        file = Path(path or "conda_dependencies.yml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.serialize_to_string(), encoding="utf-8")
        return str(file)

    @property
    def _dependencies(self) -> list[Any]:
        found: list[Any] = self._document.setdefault("dependencies", [])
        return found

    @property
    def _pip(self) -> list[str]:
        for one in self._dependencies:
            if isinstance(one, dict) and "pip" in one:
                one["pip"] = one["pip"] or []
                found: list[str] = one["pip"]
                return found
        self._dependencies.append({"pip": []})
        return self._pip


def _is_same(one: Any, package: str) -> bool:
    """Whether two entries name the same package."""
    return isinstance(one, str) and _name(one) == _name(package)


def _name(package: str) -> str:
    match = _NAME.match(package.partition("::")[2] or package)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else package


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserErrorException(f"the conda file {path} cannot be read", error) from error
    if not isinstance(document, dict):
        raise UserErrorException(f"{path} is not a conda file: it has no dependencies")
    return document
