"""Tables of statistics from CatBoost's binary model. Its JSON keeps one of several where targets are many, or divided in several ways.

The layout is that of CatBoost's schemas for FlatBuffers (`model.fbs`, `features.fbs`, `ctr_data.fbs`), read field by field.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

_HEAD = struct.Struct("<4sI")
_TREES, _STATISTICS = 1, 7
_EMPTY = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
"""The key of places that hold nothing."""
_KINDS_OF_MEANS = (2, 3)


@dataclass(frozen=True)
class Counts:
    """What was counted in training, by the key of a combination: `counts` [kinds, n] for `keys` [n].

    The kinds are classes of the target; for means the sum and the count; else the count alone, of which `most` is the largest.
    """

    keys: Any
    counts: Any
    most: int


def read_counts(model: bytes) -> list[Counts]:
    """The table behind each of the model's statistics, in the order of `ctrs` in its JSON."""
    _, size = _HEAD.unpack_from(model)
    core = _root(model[_HEAD.size : _HEAD.size + size])
    statistics = core.table(_TREES).tables(_STATISTICS)
    if not statistics:
        return []
    position = _HEAD.size + size
    (number,) = struct.unpack_from("<I", model, position)
    position += 4
    found = {}
    for _ in range(number):
        (size,) = struct.unpack_from("<I", model, position)
        table = _root(model[position + 4 : position + 4 + size])
        position += 4 + size
        found[_identity(table.table(0))] = _counts(table)
    return [found[_identity(entry.table(0).table(0))] for entry in statistics]


class _Table:
    """A table of FlatBuffers."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position
        self._fields = position - struct.unpack_from("<i", data, position)[0]
        self._size = struct.unpack_from("<H", data, self._fields)[0]

    def number(self, field: int, kind: str = "i") -> int:
        """A number, 0 where it is left out."""
        place = self._place(field)
        return 0 if place is None else int(struct.unpack_from(f"<{kind}", self._data, place)[0])

    def table(self, field: int) -> "_Table":
        """A table."""
        return _Table(self._data, self._target(self._place(field)))

    def tables(self, field: int) -> "list[_Table]":
        """Tables."""
        count, start = self._vector(field)
        return [_Table(self._data, self._target(start + 4 * at)) for at in range(count)]

    def array(self, field: int, dtype: Any) -> Any:
        """A vector of numbers or structures."""
        count, start = self._vector(field)
        return np.frombuffer(self._data, dtype, count, start)

    def values(self, field: int, dtype: Any) -> Any:
        """A vector of bytes as an array of something else."""
        return self.array(field, np.uint8).view(dtype)

    def _place(self, field: int) -> int | None:
        if 4 + 2 * field >= self._size:
            return None
        offset = struct.unpack_from("<H", self._data, self._fields + 4 + 2 * field)[0]
        return self._position + offset if offset else None

    def _target(self, place: int | None) -> int:
        if place is None:
            raise ValueError("a part of the model is not there")
        return int(place + struct.unpack_from("<I", self._data, place)[0])

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if place is None:
            return 0, 0
        start = self._target(place)
        return struct.unpack_from("<I", self._data, start)[0], start + 4


def _root(data: bytes) -> _Table:
    return _Table(data, struct.unpack_from("<I", data)[0])


def _identity(base: _Table) -> tuple[bytes, ...]:
    """What tells one table from another: its combination, its kind, and how the target was divided."""
    combination = base.table(0)
    parts = [combination.array(0, "<i4"), combination.array(1, "<i8"), combination.array(2, "<i8")]
    kind, division = base.number(1, "b"), base.number(2)
    return (*(part.tobytes() for part in parts), struct.pack("<bi", kind, division))


def _counts(table: _Table) -> Counts:
    places = table.values(1, [("key", "<u8"), ("place", "<u4")])
    held = places[places["key"] != _EMPTY]
    if table.table(0).number(1, "b") in _KINDS_OF_MEANS:
        means = table.values(2, [("sum", "<f4"), ("count", "<i4")])
        counts = np.stack([means["sum"], means["count"]]).astype(np.float64)
    else:
        classes = max(1, table.number(4))
        counts = table.values(2, "<i4").reshape(-1, classes).T.astype(np.float64)
    return Counts(held["key"].astype(np.uint64), counts[:, held["place"]], table.number(3))
