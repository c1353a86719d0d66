"""Which requirements provide the modules that a notebook imports: a table that comes with onnxport, with pins that are known to work."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from onnxport.environment.conda_names import built_in_names

_TABLE = Path(__file__).with_name("modules.json")


@dataclass(frozen=True, slots=True)
class FoundRequirements:
    """What modules need.

    Attributes:
        requirements: sorted, one for every package.
        python: the Python version that pins among them need; `None` leaves it open.
        unknown: modules that the table does not know.
        notices: which pins were chosen and why, in sentences.
    """

    requirements: tuple[str, ...]
    python: str | None = None
    unknown: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def requirements_of(modules: Iterable[str], installed: Sequence[str] = ()) -> FoundRequirements:
    """The requirements of modules.

    Args:
        modules: dotted names.
        installed: what the notebook itself installs with pip; it wins over the table.
    """
    table = _table()
    chosen: dict[str, str] = {}
    unknown = []
    tops = set()
    for module in modules:
        tops.add(top := module.partition(".")[0])
        requirement = _provider(module, table)
        if requirement is None and top not in table["provided"]:
            unknown.append(top)
        elif requirement is not None:
            chosen[Requirement(requirement).name] = requirement
    python, notices = None, []
    for rule in table["together"]:
        if tops.issuperset(rule["modules"]):
            chosen |= {Requirement(text).name: text for text in rule["requirements"]}
            python = rule.get("python", python)
            notices.append(f"{', '.join(rule['requirements'])}: {rule['why']}")
    chosen |= dict(filter(None, map(_stated, installed)))
    requirements = tuple(sorted(chosen.values()))
    return FoundRequirements(requirements, python, tuple(sorted(set(unknown))), tuple(notices))


def _provider(module: str, table: dict[str, Any]) -> str | None:
    """The requirement for the longest part of a dotted name that is in a table."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        found: str | None = table["modules"].get(".".join(parts[:length]))
        if found is not None:
            return found
    if parts[0] in table["provided"]:
        return None
    names = built_in_names()
    name = parts[0].lower().replace("_", "-")
    return names.wheels.get(name, name if name in names.alike else None)


def _stated(text: str) -> tuple[str, str] | None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    return requirement.name.lower(), text


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
