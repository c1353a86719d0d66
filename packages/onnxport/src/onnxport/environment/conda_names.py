"""What conda packages are called on PyPI: a table that comes with onnxport, and the user's own above it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from onnxport.environment.specification_errors import CondaNamesUnusable

VARIABLE = "ONNXPORT_CONDA_NAMES"
FILE_NAME = "conda-names.json"
_TABLE = Path(__file__).with_name("conda_names.json")
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class CondaNames:
    """Names of conda packages.

    Attributes:
        wheels: the requirement on PyPI that stands for a conda package.
        left_out: conda packages that are not installed, and why, as the end of a sentence.
        alike: names that are the same on both sides, as far as they are worth a suggestion.
    """

    wheels: Mapping[str, str]
    left_out: Mapping[str, str]
    alike: tuple[str, ...] = ()

    @classmethod
    def of_user(cls, workspace: Path | None = None) -> "CondaNames":
        """The table with what `conda-names.json` in the workspace and the file in `ONNXPORT_CONDA_NAMES` say above it.

        Raises:
            CondaNamesUnusable: such a file is not one JSON object of names.
        """
        names = built_in_names()
        files = [] if workspace is None else [workspace / FILE_NAME]
        files = [file for file in files if file.is_file()]
        if os.environ.get(VARIABLE):
            files.append(Path(os.environ[VARIABLE]).expanduser())
        for file in files:
            names = names.with_own(_read(file))
        return names

    def with_own(self, own: Mapping[str, str | None]) -> "CondaNames":
        """The same with other names above them; `None` leaves a package out."""
        wheels = {k: v for k, v in self.wheels.items() if k not in own}
        left_out = {k: v for k, v in self.left_out.items() if k not in own}
        wheels |= {name: wheel for name, wheel in own.items() if wheel is not None}
        left_out |= {name: "your table of names says so" for name in own if own[name] is None}
        return CondaNames(wheels, left_out, self.alike)

    def nearest(self, name: str) -> list[str]:
        """Up to three names on PyPI that stand for conda names like this one."""
        same = (*self.wheels.values(), *self.alike)
        known = {**dict(zip(same, same, strict=True)), **self.wheels}
        matches = get_close_matches(name.lower(), known, n=3, cutoff=0.7)
        return list(dict.fromkeys(known[match] for match in matches if known[match] != name))


@cache
def built_in_names() -> CondaNames:
    """The table that comes with onnxport."""
    document = json.loads(_TABLE.read_text(encoding="utf-8"))
    left_out = {
        name: kind["why"] for kind in document["left_out"] for name in kind["names"].split()
    }
    return CondaNames(document["wheels"], left_out, tuple(document["alike"].split()))


def _read(path: Path) -> dict[str, str | None]:
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MOST_BYTES))
    except OSError as error:
        raise CondaNamesUnusable(str(path), os.strerror(error.errno or 0).lower()) from error
    except (ValueError, RecursionError) as error:
        raise CondaNamesUnusable(str(path), "it is not JSON") from error
    if not isinstance(document, dict):
        raise CondaNamesUnusable(str(path), "it is not one JSON object")
    return {name.lower(): _checked(path, name, wheel) for name, wheel in document.items()}


def _checked(path: Path, name: str, wheel: object) -> str | None:
    if wheel is None:
        return None
    try:
        return str(Requirement(wheel if isinstance(wheel, str) else ""))
    except InvalidRequirement:
        why = f"what stands for {name[:80]!r} is neither a requirement nor null"
        raise CondaNamesUnusable(str(path), why) from None
