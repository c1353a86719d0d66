"""What a graph knows of its inputs: how many rows an embedding has, which words a table knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PASS_ON = {
    "Identity",
    "Cast",
    "Reshape",
    "ExpandDims",
    "Squeeze",
    "Transpose",
    "StridedSlice",
    "ConcatV2",
    "Pack",
    "Slice",
    "Tile",
}
_TEXT = {"StringLower", "StringUpper", "StaticRegexReplace", "StringSplitV2"}
_MOST_NODES = 10_000


@dataclass(frozen=True)
class Known:
    """The largest whole number that an input may hold, and the values that a table knows; `None` where nothing is known.

    `sentences` says that the input is text that the model takes apart.
    """

    top: int | None = None
    values: Any = None
    sentences: bool = False


def known_of(
    graph_def: Any, tables: Mapping[Any, tuple[Any, Any]], begins: Sequence[str]
) -> list[Known]:
    """What is known of each input of a graph, by following it to where it is looked up."""
    users: dict[str, list[Any]] = {}
    for node in graph_def.node:
        for name in node.input:
            users.setdefault(_node(name), []).append(node)
    by_name = {node.name: node for node in graph_def.node}
    return [_follow(_node(begin), users, by_name, tables) for begin in begins]


def _follow(
    begin: str,
    users: Mapping[str, Sequence[Any]],
    by_name: Mapping[str, Any],
    tables: Mapping[Any, Any],
) -> Known:
    waiting, seen = [begin], {begin}
    tops: list[int] = []
    values = None
    sentences = False
    while waiting and len(seen) < _MOST_NODES:
        place = waiting.pop()
        for node in users.get(place, ()):
            top = _top(node, place, by_name)
            if top is not None:
                tops.append(top)
            elif node.op.startswith("LookupTableFind") and values is None:
                values = _keys(node, by_name, tables)
            elif node.op in _PASS_ON | _TEXT and node.name not in seen:
                sentences |= node.op in _TEXT
                seen.add(node.name)
                waiting.append(node.name)
    return Known(min(tops, default=None), values, sentences)


def _top(node: Any, place: str, by_name: Mapping[str, Any]) -> int | None:
    """The last row of the table that the node takes rows of, or the last place of a one-hot vector."""
    if node.op in {"Gather", "GatherV2", "ResourceGather"} and _node(node.input[1]) == place:
        sizes = _shape(_constant(node.input[0], by_name))
        axis = _scalar(_constant(node.input[2], by_name)) if node.op == "GatherV2" else 0
        return sizes[axis] - 1 if sizes and axis is not None and axis < len(sizes) else None
    if node.op == "OneHot" and _node(node.input[0]) == place:
        depth = _scalar(_constant(node.input[1], by_name))
        return None if depth is None else depth - 1
    return None


def _constant(name: str, by_name: Mapping[str, Any]) -> Any:
    """The constant that a tensor is, seen through identities."""
    node = by_name.get(_node(name))
    for _ in range(8):
        if node is None or node.op == "Const":
            return node
        if node.op not in {"Identity", "ReadVariableOp", "Cast"}:
            return None
        node = by_name.get(_node(node.input[0]))
    return None


def _shape(node: Any) -> list[int] | None:
    return None if node is None else [d.size for d in node.attr["value"].tensor.tensor_shape.dim]


def _scalar(node: Any) -> int | None:
    if node is None or _shape(node):
        return None
    from tensorflow import make_ndarray

    return int(make_ndarray(node.attr["value"].tensor))


def _keys(node: Any, by_name: Mapping[str, Any], tables: Mapping[Any, tuple[Any, Any]]) -> Any:
    table = by_name.get(_node(node.input[0]))
    name = None if table is None else table.attr["shared_name"].s
    found = tables.get(name)
    if found is None and len(tables) == 1:
        found = next(iter(tables.values()))
    return None if found is None or not len(found[0]) else found[0]


def _node(tensor: str) -> str:
    return tensor.lstrip("^").partition(":")[0]
