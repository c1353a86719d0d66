"""Reading a conda file: `dependencies` with their nested `pip` list, `variables`, and what of it a virtual environment has no use for."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from onnxport.environment.conda_names import CondaNames
from onnxport.environment.conda_version import CondaMatch, NotExpressible, parse_match
from onnxport.environment.python_version import wanted_python
from onnxport.environment.requirements_file import read_requirement_lines
from onnxport.environment.specification_errors import CondaPackageUnmapped, SpecificationInvalid
from onnxport.environment.statements import Statements, add_up
from onnxport.environment.vendor_packages import canonical_name, is_vendor_package
from onnxport.environment.yaml_tree import Entry, Leaf, Table, Tree, read_yaml

_UNUSED_KEYS = {"name", "channels", "prefix", "channel_priority", "platforms", "category"}
_NIGHTLY = re.compile(r"-nightly(-cpu)?\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def read_conda_file(text: str, path: Path, names: CondaNames) -> Statements:
    """What a conda file states.

    Raises:
        SpecificationInvalid: it is no conda file.
        CondaPackageUnmapped: a package in it has no equal among wheels.
        PythonUnsupported: it asks for Python 2.
    """
    tree = read_yaml(text, path.name)
    if not isinstance(tree, Table):
        raise SpecificationInvalid(path.name, tree.line, "is not a table with the key dependencies")
    stated = add_up(_read_key(entry, path, names) for entry in tree.entries)
    return replace(stated, notices=(*stated.notices, *_say_left_out(stated)))


def _say_left_out(stated: Statements) -> Iterator[str]:
    """One notice for each reason: an exported conda environment names fifty libraries."""
    by_reason: dict[str, list[str]] = {}
    for name, why in stated.left_out:
        by_reason.setdefault(why, []).append(name)
    for why, names in by_reason.items():
        which = f"package {names[0]} is" if len(names) == 1 else f"packages {', '.join(names)} are"
        yield f"the conda {which} left out: {why}"


def _read_key(entry: Entry, path: Path, names: CondaNames) -> Statements:
    if entry.key == "dependencies":
        return add_up(_read_dependencies(entry.value, path, names))
    if entry.key == "variables":
        return Statements(variables=dict(_read_variables(entry.value, path)))
    if entry.key in _UNUSED_KEYS:
        return Statements()
    return Statements(notices=(f"the key {entry.key[:80]!r} of {path.name} is not used",))


def _read_variables(tree: Tree, path: Path) -> Iterator[tuple[str, str]]:
    if _is_empty(tree):
        return
    if not isinstance(tree, Table):
        raise SpecificationInvalid(path.name, tree.line, "has variables that are not NAME: value")
    for name, value in tree.entries:
        if not isinstance(value, Leaf) or not _VARIABLE.match(name):
            raise SpecificationInvalid(path.name, value.line, f"has no variable in {name[:80]!r}")
        yield name, value.text


def _read_dependencies(tree: Tree, path: Path, names: CondaNames) -> Iterator[Statements]:
    for item in _items(tree, path, "dependencies"):
        if isinstance(item, Leaf):
            yield _read_package(item.text, path, names)
        elif isinstance(item, Table) and [entry.key for entry in item.entries] == ["pip"]:
            yield _read_pip(item.entries[0].value, path)
        else:
            why = "is neither a package nor a list under 'pip:'"
            raise SpecificationInvalid(path.name, item.line, why)


def _read_pip(tree: Tree, path: Path) -> Statements:
    lines = []
    for item in _items(tree, path, "pip"):
        if not isinstance(item, Leaf):
            raise SpecificationInvalid(path.name, item.line, "is no requirement of pip")
        lines.append((item.line, item.text))
    return read_requirement_lines(lines, path)


def _items(tree: Tree, path: Path, what: str) -> tuple[Tree, ...]:
    if _is_empty(tree):
        return ()
    if isinstance(tree, Table | Leaf):
        raise SpecificationInvalid(path.name, tree.line, f"has {what} that are not a list")
    return tree.items


def _is_empty(tree: Tree) -> bool:
    return isinstance(tree, Leaf) and tree.text in {"", "~", "null"}


def _read_package(text: str, path: Path, names: CondaNames) -> Statements:
    try:
        match = parse_match(text)
        if match.name == "python":
            python, notice = wanted_python(match.specifier)
            return Statements(python=python, notices=(notice,) if notice else ())
        return _map_package(match, text, path, names)
    except NotExpressible as error:
        nearest = names.nearest(canonical_name(text) or "")
        raise CondaPackageUnmapped(text, path.name, str(error), nearest) from None


def _map_package(match: CondaMatch, text: str, path: Path, names: CondaNames) -> Statements:
    name = match.name
    if name == "pip" and name not in names.wheels:
        return Statements()
    if name.startswith("__") or name in names.left_out:
        why = names.left_out.get(name, "it stands for a property of the machine")
        return Statements(left_out=((name, why),))
    if is_vendor_package(canonical_name(name)):
        return Statements((name,))
    if match.version and _NIGHTLY.search(name):
        notice = f"the version of {name} is not kept: the newest release is taken"
        return Statements((_requirement(names, name, "", text, path),), notices=(notice,))
    return Statements((_requirement(names, name, match.specifier, text, path),))


def _requirement(names: CondaNames, name: str, specifier: str, text: str, path: Path) -> str:
    try:
        requirement = Requirement(names.wheels.get(name, name))
    except InvalidRequirement:
        why = "its name is not one that a wheel can have"
        raise CondaPackageUnmapped(text, path.name, why, names.nearest(name)) from None
    if specifier and not requirement.url:
        requirement.specifier &= SpecifierSet(specifier)
    return str(requirement)
