"""Options in a requirements file: which are passed on to uv, which have no meaning here, which are refused."""

import re
from pathlib import Path

from onnxport.environment.source import local_path
from onnxport.environment.specification_errors import SpecificationInvalid
from onnxport.environment.statements import Statements

INCLUDING = {
    "-r": "requirements",
    "--requirement": "requirements",
    "-c": "constraints",
    "--constraint": "constraints",
}
"""Options that name another file, and what the packages in it are."""

_SHORT = {"-i": "--index-url", "-f": "--find-links", "-e": "--editable"}
_VALUED = {
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--trusted-host": "--allow-insecure-host",
}
_PLAIN = {"--no-index": "--no-index", "--pre": "--prerelease=allow"}
_MEANINGLESS = {
    "--require-hashes",
    "--prefer-binary",
    "--use-feature",
    "--use-pep517",
    "--process-dependency-links",
}
_FORM = re.compile(r"(--[a-z0-9][a-z0-9-]*|-[a-z])(?:\s*=\s*|\s*)(.*)\Z", re.DOTALL)
_CREDENTIALS = re.compile(r"://[^/@\s]*[^/@\s$}]@")


def read_option(number: int, text: str, path: Path) -> tuple[str, str, Statements]:
    """The option's name, its value, and what it states; raises `SpecificationInvalid`."""
    match = _FORM.match(text)
    if match is None:
        raise SpecificationInvalid(path.name, number, "is neither a package nor an option of pip")
    option, value = _SHORT.get(match[1], match[1]), match[2].strip().strip("\"'")
    if option in INCLUDING or option in _VALUED:
        if not value:
            raise SpecificationInvalid(
                path.name, number, f"has the option {option} without a value"
            )
        return option, value, _valued(option, value, path)
    if option in _PLAIN:
        return option, value, Statements(options=(_PLAIN[option],))
    if option in _MEANINGLESS:
        return option, value, Statements()
    if option == "--editable":
        raise SpecificationInvalid(
            path.name,
            number,
            "installs a folder in place, which cannot be locked with a hash",
            "Build a wheel of it (python -m build), put it into a folder, and name that with --find-links.",
        )
    raise SpecificationInvalid(
        path.name, number, f"has the option {option}, which is not supported"
    )


def _valued(option: str, value: str, path: Path) -> Statements:
    if option in INCLUDING:
        return Statements()
    if option == "--find-links" and "://" not in value:
        value = str(local_path(path.parent, value).absolute())
    notices: tuple[str, ...] = ()
    if _CREDENTIALS.search(value):
        notices = (
            f"{path.name} holds a password in a URL: write ${{NAME}} there and set NAME in the environment",
        )
    return Statements(options=(f"{_VALUED[option]}={value}",), notices=notices)
