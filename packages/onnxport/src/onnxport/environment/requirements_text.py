"""Handing requirements to uv: what goes into a file and what onto its command line.

URLs go into a file that only the user can read: a command line is for all eyes on the machine.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

_ARGUMENTS = ("--prerelease", "--allow-insecure-host")


def write_requirements(
    path: Path, requirements: Iterable[str], options: Sequence[str] = ()
) -> Path:
    """Write a file for uv: the options that it reads from files, then the requirements."""
    in_file = [option for option in options if not option.startswith(_ARGUMENTS)]
    path.touch(mode=0o600)
    path.write_text("".join(f"{line}\n" for line in (*in_file, *requirements)), encoding="utf-8")
    return path


def resolving_arguments(options: Iterable[str]) -> list[str]:
    """The options that uv takes on its command line when it resolves."""
    return [option for option in options if option.startswith(_ARGUMENTS)]


def installing_arguments(options: Iterable[str]) -> list[str]:
    """The options that uv takes on its command line when it installs."""
    return [option for option in options if option.startswith("--allow-insecure-host")]
