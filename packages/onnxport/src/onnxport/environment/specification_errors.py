"""What can be wrong with a conda file or a requirements file."""

from collections.abc import Sequence

from onnxport.errors import UserError


class SpecificationUnreadable(UserError):
    """A conda or requirements file is missing, too large, or not text."""

    code = "specification_unreadable"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"the environment file {name[:200]} cannot be read: {why}",
            "Name a conda file (such as myenv.yml) or a requirements file.",
        )


class SpecificationInvalid(UserError):
    """Something in a conda or requirements file cannot be understood or followed."""

    code = "specification_invalid"

    def __init__(self, name: str, line: int, why: str, remedy: str | None = None) -> None:
        super().__init__(
            f"line {line} of {name[:200]} {why}",
            remedy
            or "Mend the line; a conda file has the keys name, channels, dependencies and "
            "variables, a requirements file one package a line, such as numpy>=1.26.",
        )


class CondaPackageUnmapped(UserError):
    """A conda package, or the version that is asked for, cannot be expressed as a wheel."""

    code = "conda_package_unmapped"

    def __init__(self, package: str, source: str, why: str, nearest: Sequence[str] = ()) -> None:
        work = f" What works: {', '.join(nearest)}." if nearest else ""
        super().__init__(
            f"{source} asks for the conda package {package[:100]!r}, which cannot be mapped to a wheel: {why}",
            f"Change that line.{work} Or say in the file that ONNXPORT_CONDA_NAMES names what to install for it, as "
            '{"conda-name": "name-on-pypi"}, or null to leave it out.',
        )


class CondaNamesUnusable(UserError):
    """The user's table of conda names cannot be used."""

    code = "conda_names_unusable"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"the table of conda names {path} cannot be used: {why}",
            'Make it one JSON object: {"conda-name": "name-on-pypi", "other-conda-name": null}.',
        )
