"""Shapes: what a tensor's shape has to be, and what to say when it is not.

A symbolic dimension that the signature names more than once stands for one size in a request; sizes are bound by the first input
that states them.
"""

from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import Dimension, TensorType

Shape = tuple[int, ...]
Bound = dict[str, tuple[int, str]]
"""Symbolic name to its size in this request and the input that stated it."""


class ShapeRule:
    """The shape of one tensor input.

    Args:
        name: the input's name, for messages.
        kind: its type.
        shared: symbolic names that several dimensions of the signature's inputs share.
    """

    __slots__ = ("exact", "kind", "name", "rank", "sizes", "symbols")

    def __init__(self, name: str, kind: TensorType, shared: frozenset[str]) -> None:
        shape = kind.shape
        self.name = name
        self.kind = kind
        self.rank = None if shape is None else len(shape)
        self.sizes = [(axis, size) for axis, size in enumerate(shape or ()) if type(size) is int]
        self.symbols = [
            (axis, size)
            for axis, size in enumerate(shape or ())
            if type(size) is str and size in shared
        ]
        known = shape is not None and len(self.sizes) == len(shape)
        self.exact: Shape | None = tuple(size for _, size in self.sizes) if known else None

    def check(self, shape: Shape, bound: Bound) -> None:
        """Bind the symbolic dimensions; `BadRequest` where the shape does not fit."""
        if shape != self.exact and not self._fits(shape, bound):
            raise BadRequest(self._refusal(shape, bound))

    def fits(self, shape: Shape) -> bool:
        """Whether the shape fits, for a rule without shared symbolic dimensions."""
        return shape == self.exact or self._fits(shape, {})

    def complete(self, shape: Shape, bound: Bound) -> Shape:
        """The shape of an empty list: the dimensions below it are taken from the signature (symbolic ones from others, else 0)."""
        if self.rank is None or len(shape) >= self.rank or 0 not in shape:
            return shape
        assert self.kind.shape is not None
        rest = self.kind.shape[len(shape) :]
        return shape + tuple(
            size if isinstance(size, int) else bound.get(size or "", (0, ""))[0] for size in rest
        )

    def from_count(self, count: int) -> Shape | None:
        """The only shape with so many elements, where at most one dimension is unknown; `None` where there is none."""
        wanted = self.kind.shape
        unknown = [axis for axis, size in enumerate(wanted or ()) if not isinstance(size, int)]
        if wanted is None or len(unknown) > 1:
            return None
        known = 1
        for _, size in self.sizes:
            known *= size
        if not unknown:
            return self.exact if known == count else None
        if not known or count % known:
            return None
        return tuple(size if isinstance(size, int) else count // known for size in wanted)

    def _fits(self, shape: Shape, bound: Bound) -> bool:
        if self.rank is None:
            return True
        if len(shape) != self.rank:
            return False
        for axis, size in self.sizes:
            if shape[axis] != size:
                return False
        return not self.symbols or self._bind(shape, bound)

    def _bind(self, shape: Shape, bound: Bound) -> bool:
        return all(
            bound.setdefault(symbol, (shape[axis], self.name))[0] == shape[axis]
            for axis, symbol in self.symbols
        )

    def _refusal(self, shape: Shape, bound: Bound) -> str:
        assert self.kind.shape is not None
        text = f"input '{self.name}' wants {self.kind}; got {list(shape)}"
        if len(shape) == self.rank and all(shape[axis] == size for axis, size in self.sizes):
            return f"{text}: {self._conflict(shape, bound)}"
        advice = _advice(self.kind.shape, shape)
        return f"{text}; {advice}" if advice else text

    def _conflict(self, shape: Shape, bound: Bound) -> str:
        for axis, symbol in self.symbols:
            size, where = bound[symbol]
            if size != shape[axis]:
                return f"{symbol} is {shape[axis]} there and {size} in input '{where}'"
        raise AssertionError("only called for a shape that conflicts")


def _advice(wanted: tuple[Dimension, ...], got: Shape) -> str:
    if not wanted:
        return "send a single value, not a list"
    one_row = wanted[0] in (1, None) or isinstance(wanted[0], str)
    if one_row and _matches(wanted[1:], got):
        return "put it into one more list"
    if got[:1] == (1,) and _matches(wanted, got[1:]):
        return "take away the outermost list"
    if got and _matches(wanted[1:], got[1:]):
        return f"this model takes exactly {wanted[0]} at a time"
    if len(got) == len(wanted) and sorted(map(str, got)) == sorted(map(str, wanted)):
        return "the axes are in another order"
    return ""


def _matches(wanted: tuple[Dimension, ...], got: Shape) -> bool:
    return len(wanted) == len(got) and all(
        not isinstance(size, int) or size == actual
        for size, actual in zip(wanted, got, strict=True)
    )
