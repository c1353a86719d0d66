"""The nodes of a TensorFlow graph file, and which are its inputs and outputs. Standard library only.

Source: tensorflow/core/framework/graph.proto, node_def.proto, core/protobuf/meta_graph.proto.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxport.converter.inside.tensorflow.wire import LENGTH, Field, NotWire, Wire

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")
_OPERATION = re.compile(r"[A-Za-z_][A-Za-z0-9_.>]*\Z")
_VARIABLES = {"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable"}
# What is left over in a graph and is nothing that a model answers.
_NO_ANSWER = re.compile(
    r"NoOp|Assert|Shape|Placeholder.*|Const|.*Summary(V2)?|Assign.*|Apply.*|ResourceApply.*|Save.*|Restore.*|MergeV2Checkpoints|.*Initialized.*"
    r"|ShardedFilename|Print.*|InitializeTable.*|.*HashTable.*|LookupTableImport.*|Variable.*|VarHandleOp|ReadVariableOp|DestroyResourceOp|Scatter(Update|Add|Sub)"
)
_TRAINING = re.compile(r"(.*/)?(gradients(_\d+)?|save(_\d+)?|report_uninitialized_variables)/.*")
_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its name, its operation, and the names of the nodes that it takes its inputs from."""

    name: str
    operation: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ends:
    """The nodes or tensors where a graph begins and ends; `guessed` says that the user did not name all of them."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    guessed: bool


class Unclear(ValueError):
    """A graph whose inputs or outputs cannot be told: what there is to choose from is in the message."""


def nodes_of_graph(path: Path) -> list[Node] | None:
    """The nodes of a file that is a GraphDef; `None` when it is not."""
    with path.open("rb") as file:
        wire = Wire(file)
        try:
            return list(_nodes(wire, 0, wire.size)) or None
        except NotWire:
            return None


def nodes_of_meta_graph(path: Path) -> list[Node] | None:
    """The nodes of a file that is a MetaGraphDef (`.meta` beside a checkpoint); `None` when it is not."""
    with path.open("rb") as file:
        wire = Wire(file)
        try:
            fields = list(wire.fields())
            if not fields or any(not 1 <= f.number <= 7 or f.kind != LENGTH for f in fields):
                return None
            graphs = [field for field in fields if field.number == 2]
            if len(graphs) != 1 or not _has_version(wire, fields):
                return None
            return list(_nodes(wire, graphs[0].start, graphs[0].end)) or None
        except NotWire:
            return None


def has_variables(nodes: Sequence[Node]) -> bool:
    """Whether the graph needs values that are not in it."""
    return any(node.operation in _VARIABLES for node in nodes)


def ends_of(nodes: Sequence[Node], inputs: Sequence[str], outputs: Sequence[str]) -> Ends:
    """Where the graph begins and ends: what the user names, else what can be told.

    Outputs are the nodes that nobody takes anything from and that depend on a placeholder; inputs are the placeholders that the outputs
    depend on. A graph that was trained (it holds gradients) must leave only one such output. Raises `Unclear`.
    """
    by_name = {node.name: node for node in nodes}
    _check_known(by_name, [*inputs, *outputs])
    given = bool(inputs) and bool(outputs)
    chosen = tuple(outputs) or _free_ends(nodes, by_name)
    begin = tuple(inputs) or tuple(
        name
        for name in _depended_on(by_name, chosen)
        if by_name[name].operation in {"Placeholder", "PlaceholderV2"}
    )
    if not begin:
        raise Unclear(f"the outputs {_listed(chosen)} depend on no placeholder")
    return Ends(begin, chosen, not given)


def _nodes(wire: Wire, start: int, end: int) -> Iterator[Node]:
    for field in wire.fields(start, end):
        if field.number == 1:
            yield _node(wire, field)
        elif not 2 <= field.number <= 5:
            raise NotWire("not a field of a graph")


def _node(wire: Wire, whole: Field) -> Node:
    if whole.kind != LENGTH:
        raise NotWire("no node")
    texts: dict[int, list[str]] = {1: [], 2: [], 3: []}
    for field in wire.fields(whole.start, whole.end):
        if field.number in texts:
            texts[field.number].append(wire.text(field))
        elif not 4 <= field.number <= 8 or field.kind != LENGTH:
            raise NotWire("not a field of a node")
    if len(texts[1]) != 1 or len(texts[2]) != 1:
        raise NotWire("no node")
    name, operation = texts[1][0], texts[2][0]
    if not _NAME.match(name) or not _OPERATION.match(operation):
        raise NotWire("no name of a node")
    return Node(name, operation, tuple(dict.fromkeys(map(node_name, texts[3]))))


def node_name(tensor: str) -> str:
    """The node of a tensor `node:0`, or of a control input `^node`."""
    return tensor.lstrip("^").partition(":")[0]


def _has_version(wire: Wire, fields: Sequence[Field]) -> bool:
    """Whether the information about the graph names the TensorFlow that wrote it (field 5)."""
    infos = [field for field in fields if field.number == 1]
    inner = [field for info in infos for field in wire.fields(info.start, info.end)]
    return any(field.number == 5 and wire.text(field)[:1].isdigit() for field in inner)


def _check_known(by_name: dict[str, Node], names: Sequence[str]) -> None:
    if unknown := [name for name in names if node_name(name) not in by_name]:
        raise Unclear(
            f"the graph has no node {_listed(unknown)}; it has {_listed(_interesting(by_name))}"
        )


def _interesting(by_name: dict[str, Node]) -> list[str]:
    holders = [name for name, node in by_name.items() if node.operation.startswith("Placeholder")]
    return holders + [name for name in reversed(by_name) if name not in set(holders)]


def _free_ends(nodes: Sequence[Node], by_name: dict[str, Node]) -> tuple[str, ...]:
    used = {name for node in nodes for name in node.inputs}
    trained = any("gradients" in node.name.split("/")[0] for node in nodes)
    fed = _fed(nodes)
    ends = [
        node.name
        for node in nodes
        if node.name in fed
        and not (node.name in used or _NO_ANSWER.fullmatch(node.operation))
        and not _TRAINING.fullmatch(node.name)
    ]
    if not ends or (trained and len(ends) > 1):
        others = ends or [name for name in _interesting(by_name) if name in fed]
        raise Unclear(f"its outputs cannot be told; candidates are {_listed(others)}")
    return tuple(ends)


def _fed(nodes: Sequence[Node]) -> set[str]:
    """The nodes that depend on a placeholder."""
    users: dict[str, list[str]] = {}
    for node in nodes:
        for name in node.inputs:
            users.setdefault(name, []).append(node.name)
    return set(_reached((n.name for n in nodes if n.operation.startswith("Placeholder")), users))


def _depended_on(by_name: dict[str, Node], outputs: Sequence[str]) -> list[str]:
    """The nodes that the outputs depend on, in the order of the graph."""
    sources = {name: list(node.inputs) for name, node in by_name.items()}
    found = set(_reached(map(node_name, outputs), sources))
    return [name for name in by_name if name in found]


def _reached(starts: Iterator[str] | Sequence[str], steps: dict[str, list[str]]) -> set[str]:
    waiting = list(starts)
    seen = set(waiting)
    while waiting:
        for name in steps.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_SHOWN])
    return shown + (f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else "")
