"""Which Python an environment wants: a minor version, 3.8 or newer."""

import re
import sys

from packaging.specifiers import SpecifierSet

from onnxport.environment.errors import PythonUnsupported

OLDEST_MINOR = 8
_NEWEST_MINOR = 14
_EXACT = re.compile(r"==3\.(\d{1,3})(?:\.(\d{1,4}))?(?:\.\*)?\Z")
_OPEN = {"", "==3", "==3.*", "==3.0.*"}
_STATED = re.compile(r"3\.(\d{1,2})(?:\.\d{1,3})?\Z")


def running_python() -> str:
    """The version that runs onnxport, such as `3.11`."""
    return f"3.{sys.version_info.minor}"


def minor_of(python: str) -> int:
    """8 of `3.8`."""
    return int(python.partition(".")[2])


def check_python(text: str) -> str:
    """The minor version of one that a person named, such as `3.11` or `3.11.4`; raises `PythonUnsupported`."""
    match = _STATED.match(text.strip())
    if match is None or int(match[1]) < OLDEST_MINOR:
        raise PythonUnsupported(text)
    return f"3.{int(match[1])}"


def wanted_python(specifier: str) -> tuple[str | None, str | None]:
    """The minor version that a specifier (`==3.8.13`, `>=3.8,<3.11`, ``) asks for, and a notice where that is not what it says.

    `None` leaves it open. A range gives the version that runs onnxport where it allows that, else the newest that it allows.

    Raises:
        PythonUnsupported: it asks for Python 2 or for none that there is.
    """
    if specifier in _OPEN:
        return None, None
    exact = _EXACT.match(specifier)
    if exact is None:
        return _in_range(specifier)
    minor, patch = int(exact[1]), exact[2]
    said = f"3.{minor}.{patch}" if patch else f"3.{minor}"
    if minor < OLDEST_MINOR:
        return _oldest(said)
    notice = f"Python {said} is taken as 3.{minor}, whatever its patch level" if patch else None
    return f"3.{minor}", notice


def _in_range(specifier: str) -> tuple[str, str | None]:
    allowed = SpecifierSet(specifier)
    running = sys.version_info.minor
    for minor in (running, *range(max(_NEWEST_MINOR, running), OLDEST_MINOR - 1, -1)):
        if _allows(allowed, minor):
            return f"3.{minor}", None
    if any(_allows(allowed, minor) for minor in range(OLDEST_MINOR)):
        return _oldest(specifier)
    raise PythonUnsupported(specifier)


def _allows(allowed: SpecifierSet, minor: int) -> bool:
    return any(f"3.{minor}.{patch}" in allowed for patch in (0, 99))


def _oldest(said: str) -> tuple[str, str]:
    oldest = f"3.{OLDEST_MINOR}"
    return oldest, f"Python {said} is older than any that is supported: {oldest} is used instead"
