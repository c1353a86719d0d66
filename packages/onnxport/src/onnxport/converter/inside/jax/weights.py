"""Looking through Flax's weight files (msgpack, as `flax.serialization.to_bytes` writes it) without loading an array.

Source of the format: the msgpack specification; Flax puts arrays into extension type 1: shape, type's name, bytes. Runs in any process.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

_ARRAY = 1
_DEEPEST = 64
_LONGEST_NAME = 1 << 10
_MOST_SIZES = 32


class DamagedWeights(Exception):
    """What is wrong with the file, in words."""


@dataclass(frozen=True)
class HeldArray:
    """An array in the file: where it lies in the tree, its type's name and its shape."""

    path: tuple[str, ...]
    dtype: str
    shape: tuple[int, ...]


def held_arrays(file: IO[bytes], size: int, most_values: int = 1 << 20) -> Iterator[HeldArray]:
    """The arrays of a weight file in its order; the bytes of arrays are passed over.

    Raises `DamagedWeights` at the first thing that is not Flax's; a file that goes on after its tree is not either.
    """
    reader = _Reader(file, size, most_values)
    count = _map_size(reader.byte(), reader)
    if count is None:
        raise DamagedWeights("it does not begin with names")
    yield from reader.entries(count, ())
    if file.tell() != size:
        raise DamagedWeights("something follows its last array")


class _Reader:
    """Takes values from the file one by one, never more than the file holds."""

    def __init__(self, file: IO[bytes], size: int, most_values: int) -> None:
        self._file, self._size, self._left = file, size, most_values

    def entries(self, count: int, path: tuple[str, ...]) -> Iterator[HeldArray]:
        """The arrays under the `count` names of a map."""
        for _ in range(count):
            yield from self._value((*path, self._name()))

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self, size: int) -> int:
        """The next unsigned number of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        """So many bytes; only for what is short."""
        taken = self._file.read(size)
        if len(taken) != size:
            raise DamagedWeights("it ends in the middle of a value")
        return taken

    def _value(self, path: tuple[str, ...]) -> Iterator[HeldArray]:
        self._left -= 1
        if self._left < 0 or len(path) > _DEEPEST:
            raise DamagedWeights("it holds too many or too deeply nested values")
        code = self.byte()
        maps, items = _map_size(code, self), _array_size(code, self)
        if maps is not None:
            yield from self.entries(maps, path)
        elif items is not None:
            for place in range(items):
                yield from self._value((*path, str(place)))
        elif (size := _ext_size(code, self)) is not None:
            if self.byte() == _ARRAY:
                yield self._array(path, size)
            else:
                self._pass(size)
        else:
            self._pass(_plain_size(code, self))

    def _array(self, path: tuple[str, ...], size: int) -> HeldArray:
        end = self._file.tell() + size
        shape = self._shape()
        name = self._name()
        width = {0xC4: 1, 0xC5: 2, 0xC6: 4}.get(self.byte())
        if width is None:
            raise DamagedWeights("an array of it has no bytes")
        held = self.number(width)
        if self._file.tell() + held != end:
            raise DamagedWeights("an array of it has another size than it says")
        self._pass(held)
        return HeldArray(path, name, shape)

    def _shape(self) -> tuple[int, ...]:
        outer = _array_size(self.byte(), self)
        sizes = None if outer != 3 else _array_size(self.byte(), self)
        if sizes is None or sizes > _MOST_SIZES:
            raise DamagedWeights("an array of it does not state its shape")
        return tuple(self._whole() for _ in range(sizes))

    def _whole(self) -> int:
        code = self.byte()
        width = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}.get(code)
        if width is None and code > 0x7F:
            raise DamagedWeights("the shape of an array of it is not of whole numbers")
        return code if width is None else self.number(width)

    def _name(self) -> str:
        code = self.byte()
        width = {0xD9: 1, 0xDA: 2, 0xDB: 4}.get(code)
        if width is None and not 0xA0 <= code <= 0xBF:
            raise DamagedWeights("it has a name that is no text")
        size = code & 0x1F if width is None else self.number(width)
        if size > _LONGEST_NAME:
            raise DamagedWeights("it has a name that is too long")
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise DamagedWeights("it has a name that is no text") from None

    def _pass(self, size: int) -> None:
        if self._file.tell() + size > self._size:
            raise DamagedWeights("it ends in the middle of a value")
        self._file.seek(size, 1)


def _map_size(code: int, reader: _Reader) -> int | None:
    if 0x80 <= code <= 0x8F:
        return code & 0x0F
    width = {0xDE: 2, 0xDF: 4}.get(code)
    return None if width is None else reader.number(width)


def _array_size(code: int, reader: _Reader) -> int | None:
    if 0x90 <= code <= 0x9F:
        return code & 0x0F
    width = {0xDC: 2, 0xDD: 4}.get(code)
    return None if width is None else reader.number(width)


def _ext_size(code: int, reader: _Reader) -> int | None:
    fixed = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}.get(code)
    width = {0xC7: 1, 0xC8: 2, 0xC9: 4}.get(code)
    return fixed if width is None else reader.number(width)


def _plain_size(code: int, reader: _Reader) -> int:
    """How many bytes follow of a number, a text, bytes, or one of nothing, false and true."""
    if code <= 0x7F or code >= 0xE0 or code in (0xC0, 0xC2, 0xC3):
        return 0
    if 0xA0 <= code <= 0xBF:
        return code & 0x1F
    fixed = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
    fixed |= {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
    width = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}.get(code)
    if width is not None:
        return reader.number(width)
    if code not in fixed:
        raise DamagedWeights("it holds a value of no known type")
    return fixed[code]
