"""YAML as a tree of texts with line numbers: no types, no aliases, bounded size and depth.

Scalars stay as they are written: `3.10` is a version and no number.
"""

from dataclasses import dataclass
from typing import NamedTuple

import yaml

from onnxport.environment.specification_errors import SpecificationInvalid

_MOST_CHARACTERS = 500_000
_MOST_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text and its line, from 1."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Row:
    """A list and the line that it begins in."""

    items: "tuple[Tree, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, its keys different from one another, and the line that it begins in."""

    entries: "tuple[Entry, ...]"
    line: int


Tree = Leaf | Row | Table


class Entry(NamedTuple):
    """A key with its value."""

    key: str
    value: Tree


def read_yaml(text: str, name: str) -> Tree:
    """The tree of a document; raises `SpecificationInvalid`, which names the file as `name`."""
    if len(text) > _MOST_CHARACTERS:
        raise SpecificationInvalid(
            name, 1, f"begins more than {_MOST_CHARACTERS} characters of YAML"
        )
    try:
        root = yaml.compose(text, Loader=_BoundedLoader)
    except _Refused as refused:
        raise SpecificationInvalid(name, refused.line, refused.why) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecificationInvalid(name, line, f"is not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SpecificationInvalid(name, 1, f"is not YAML: {str(error)[:200]}") from None
    return Leaf("", 1) if root is None else _tree(root, name)


class _Refused(Exception):
    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


class _BoundedLoader(yaml.BaseLoader):
    """Stops at the first alias and at the first node that lies too deep."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(line, "refers to another place with *, which is not supported")
        if self._depth >= _MOST_DEPTH:
            raise _Refused(line, f"is nested more than {_MOST_DEPTH} levels deep")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _tree(node: yaml.Node, name: str) -> Tree:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return Table(tuple(_entries(node, name)), line)
    if isinstance(node, yaml.SequenceNode):
        return Row(tuple(_tree(item, name) for item in node.value), line)
    return Leaf(node.value, line)


def _entries(node: yaml.MappingNode, name: str) -> list[Entry]:
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise SpecificationInvalid(name, line, "has a key that is not a word")
        if key.value in entries:
            raise SpecificationInvalid(name, line, f"repeats the key {key.value[:80]!r}")
        entries[key.value] = Entry(key.value, _tree(value, name))
    return list(entries.values())
