"""Large JSON bodies straight to arrays of numbers, without Python objects for the numbers.

simdjson's `as_buffer` flattens whatever nesting it finds. What proves that the nesting was rectangular: every array of every level
above the numbers has the length of its first sibling, there are as many numbers as these lengths say, and the body holds exactly as
many opening brackets as arrays were seen. Any doubt is `None`: the exact way decides and words the refusal.
"""

from contextvars import Context, copy_context
from math import prod
from typing import Any, Literal

import numpy as np

from onnxport_serve.codec import simd
from onnxport_serve.codec.dtypes import Element
from onnxport_serve.codec.shapes import Shape

_WIDE: dict[str, tuple[Literal["d", "i", "u"], np.dtype[Any]]] = {
    "float": ("d", np.dtype(np.float64)),
    "int": ("i", np.dtype(np.int64)),
    "uint": ("u", np.dtype(np.uint64)),
}
_DEEPEST = 64


def refusing_overflow() -> Context:
    """A context in which NumPy raises `FloatingPointError` where a cast overflows.

    Entering `np.errstate` costs more than a small conversion; running in a context that holds its setting costs next to nothing.
    """
    context = copy_context()
    context.run(np.seterr, over="raise")
    return context


class NumberReader:
    """Reads arrays of numbers of one element type from simdjson's nodes.

    Args:
        element: a float or integer element type.
    """

    __slots__ = ("_context", "_letter", "_wide", "element")

    def __init__(self, element: Element) -> None:
        self.element = element
        family = "float" if element.kind == "float" else element.name.rstrip("0123456789")
        self._context = refusing_overflow()
        self._letter, self._wide = _WIDE[family]

    def read(self, node: Any) -> tuple[np.ndarray[Any, Any], Shape, int] | None:
        """The numbers of a node in row-major order, its shape, and the number of arrays that it consists of; `None` in doubt."""
        if type(node) is not simd.Array:
            return None
        measured = _measure(node)
        if measured is None:
            return None
        shape, arrays = measured
        try:
            numbers = np.frombuffer(node.as_buffer(of_type=self._letter), self._wide)
        except (TypeError, ValueError):
            return None
        if numbers.size != prod(shape):
            return None
        narrow = self._narrow(numbers)
        return None if narrow is None else (narrow, shape, arrays)

    def _narrow(self, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
        storage = self.element.storage
        if storage == self._wide:
            return numbers
        if self.element.kind == "float":
            try:
                narrow: np.ndarray[Any, Any] = self._context.run(numbers.astype, storage)
                return narrow
            except (FloatingPointError, RuntimeError):  # RuntimeError: in use by another thread
                return None
        if numbers.min() < self.element.low or numbers.max() > self.element.high:
            return None
        return numbers.astype(storage)


def _measure(node: Any) -> tuple[Shape, int] | None:
    """The lengths along the first elements and the number of arrays, where all siblings agree."""
    shape: list[int] = []
    arrays = 0
    level = [node]
    while len(shape) < _DEEPEST:
        size = len(level[0])
        for item in level:
            if type(item) is not simd.Array or len(item) != size:
                return None
        shape.append(size)
        arrays += len(level)
        if not size:
            return None
        if type(level[0][0]) is not simd.Array:
            return tuple(shape), arrays
        level = [child for item in level for child in item]
    return None


def look_up(node: Any, name: str) -> Any:
    """The member of an object without making Python objects of what lies below it, as iterating over items would.

    `None` for a name that is absent, or that simdjson cannot look up because it holds a zero byte.
    """
    return None if "\0" in name or name not in node else node[name]


def count_arrays(body: bytes) -> int:
    """How many opening brackets the body holds, those inside strings included."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == 0x5B))


class NumberParser:
    """A simdjson parser that keeps its memory between bodies of usual size."""

    __slots__ = ("_parser",)

    _KEPT = 8 << 20

    def __init__(self) -> None:
        self._parser = simd.Parser and simd.Parser()

    def parse(self, body: bytes) -> Any:
        """The root node; `None` where simdjson is not there or refuses, or nodes of an earlier text are in use (another thread)."""
        if self._parser is None:
            return None
        parser = self._parser if len(body) <= self._KEPT else simd.Parser()
        try:
            return parser.parse(body)
        except (ValueError, RuntimeError):
            return None
