"""Nested lists to arrays, exactly: every value is checked, and each refusal says where it is. Never recursive.

This is what decides; the fast ways in `tensor_fast` give the same arrays or leave the body to it.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from onnxport_serve.codec.dtypes import Element
from onnxport_serve.codec.shapes import Shape
from onnxport_serve.errors import BadRequest

MOST_DIMENSIONS = 64
"""NumPy's limit."""

BINARY_FORMS = "application/octet-stream, .npy, or /v2 with binary data"

_JSON_NAME = {
    type(None): "null",
    bool: "a boolean",
    str: "a string",
    int: "a number",
    float: "a number",
    dict: "an object",
    list: "a list",
}
_NUMBERS: frozenset[type] = frozenset({int, float})
_ALLOWED: dict[str, frozenset[type]] = {"bool": frozenset({bool}), "string": frozenset({str})}


def read_nested(value: Any, element: Element, name: str, depth: int) -> np.ndarray[Any, Any]:
    """The array of a nested list.

    Args:
        value: what a JSON parser gave: lists of lists of values, or one value.
        element: the element type that the array has to have.
        name: the input's name, for messages.
        depth: how many lists may lie in each other.

    Returns:
        A contiguous array; the caller checks its shape.

    Raises:
        BadRequest: it is ragged, too deep, or holds a value that the element type cannot express exactly.
    """
    leaves, shape = _flatten(value, name, depth)
    return read_flat(leaves, element, name, shape).reshape(shape)


def read_flat(leaves: list[Any], element: Element, name: str, shape: Shape) -> np.ndarray[Any, Any]:
    """The one-dimensional array of a list of values; `shape` is only used to say where a wrong one is."""
    kinds = set(map(type, leaves))
    match element.kind:
        case "float" if kinds <= _NUMBERS:
            return _floats(leaves, element, name, shape)
        case "integer" if kinds <= _NUMBERS:
            return _integers(leaves, element, name, shape)
        case "bool" if kinds <= {bool}:
            return np.array(leaves, np.bool_)
        case "string" if kinds <= {str}:
            return np.array(leaves, object)
        case "opaque":
            raise BadRequest(
                f"input '{name}' is {element.name}, which JSON cannot express; "
                f"send raw bytes: application/octet-stream, or /v2 with binary data"
            )
    raise BadRequest(_wrong_kind(leaves, element, name, shape))


def _flatten(value: Any, name: str, depth: int) -> tuple[list[Any], Shape]:
    level: list[Any] = [value]
    shape: list[int] = []
    while list in (kinds := set(map(type, level))):
        if len(kinds) > 1:
            raise BadRequest(_mixed(level, name, shape))
        if len(shape) == min(depth, MOST_DIMENSIONS):
            raise BadRequest(f"input '{name}' is nested deeper than {len(shape)} lists")
        size = len(level[0])
        if set(map(len, level)) != {size}:
            raise BadRequest(_ragged(level, name, shape))
        shape.append(size)
        level = list(chain.from_iterable(level))
    return level, tuple(shape)


def _mixed(level: list[Any], name: str, shape: Sequence[int]) -> str:
    is_list = type(level[0]) is list
    index = next(i for i, item in enumerate(level) if (type(item) is list) is not is_list)
    expected = f"a list of {len(level[0])}" if is_list else "a single value"
    found = _JSON_NAME[type(level[index])]
    return f"input '{name}' is ragged: {_place(index, shape)} is {found}, expected {expected}"


def _ragged(level: list[Any], name: str, shape: Sequence[int]) -> str:
    size = len(level[0])
    index = next(i for i, item in enumerate(level) if len(item) != size)
    return (
        f"input '{name}' is ragged: got {len(level[index])} values in row {_place(index, shape)}, "
        f"expected {size}"
    )


def _floats(leaves: list[Any], element: Element, name: str, shape: Shape) -> np.ndarray[Any, Any]:
    try:
        with np.errstate(over="raise"):
            return np.array(leaves, element.storage)
    except FloatingPointError:
        index = _first_overflow(leaves, element)
        raise BadRequest(
            f"input '{name}' has a number beyond the range of {element.name} at {_place(index, shape)}"
        ) from None


def _first_overflow(leaves: list[Any], element: Element) -> int:
    with np.errstate(over="ignore"):
        return int(np.argmin(np.isfinite(np.array(leaves, element.storage))))


def _integers(leaves: list[Any], element: Element, name: str, shape: Shape) -> np.ndarray[Any, Any]:
    if float in set(map(type, leaves)):
        leaves = [_whole(leaf, i, element, name, shape) for i, leaf in enumerate(leaves)]
    if leaves and not (element.low <= min(leaves) and max(leaves) <= element.high):
        index = next(i for i, n in enumerate(leaves) if not element.low <= n <= element.high)
        raise BadRequest(
            f"input '{name}' has a number outside {element.low}..{element.high} ({element.name}) "
            f"at {_place(index, shape)}"
        )
    return np.array(leaves, element.storage)


_EDGE = -(2.0**63)


def _whole(leaf: float, index: int, element: Element, name: str, shape: Shape) -> int:
    if not float(leaf).is_integer():
        raise BadRequest(
            f"input '{name}' wants whole numbers ({element.name}); got a fraction at {_place(index, shape)}"
        )
    # orjson reads integers of more than 64 bits as floats; those just below the edge round to it.
    return int(leaf) - (type(leaf) is float and leaf == _EDGE)


def _wrong_kind(leaves: list[Any], element: Element, name: str, shape: Shape) -> str:
    allowed = _ALLOWED.get(element.kind, _NUMBERS)
    index = next(i for i, leaf in enumerate(leaves) if type(leaf) not in allowed)
    found = type(leaves[index])
    text = f"input '{name}' wants {element.name}; got {_JSON_NAME[found]} at {_place(index, shape)}"
    if element.kind == "bool":
        return f"{text}; write true or false"
    if element.kind == "string":
        return text
    if found is type(None):
        return f"{text}; NaN and infinities need a binary form: {BINARY_FORMS}"
    if found is str:
        return f"{text}; write numbers without quotes (NaN and infinities need a binary form: {BINARY_FORMS})"
    return text


def _place(index: int, shape: Sequence[int]) -> str:
    """Where the `index`-th value in row-major order is: `[0][3]`."""
    if not shape:
        return "the top"
    return "".join(f"[{i}]" for i in np.unravel_index(index, tuple(shape)))
