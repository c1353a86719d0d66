"""Protocol buffers on the wire, field by field, from a file: enough to tell what a file is without TensorFlow. Standard library only.

Long fields are passed over, not read, and every walk is bounded: a hostile file costs no more than a look.
Source: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_MOST_FIELDS = 5_000_000
_LONGEST_TEXT = 1 << 16


class NotWire(ValueError):
    """Bytes that are no message, or more than a look goes through."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number and type; where its content lies in the file, or for a varint its value."""

    number: int
    kind: int
    start: int
    end: int
    value: int = 0


class Wire:
    """A file of messages. All methods raise `NotWire`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _MOST_FIELDS
        self.size = file.seek(0, 2)

    def fields(self, start: int = 0, end: int | None = None) -> Iterator[Field]:
        """The fields of the message that lies between two places, by default of the whole file."""
        place, end = start, self.size if end is None else end
        while place < end:
            field = self._field(place, end)
            yield field
            place = field.end

    def text(self, field: Field) -> str:
        """The content of a text field."""
        if field.kind != LENGTH or field.end - field.start > _LONGEST_TEXT:
            raise NotWire("no text")
        self._file.seek(field.start)
        try:
            return self._file.read(field.end - field.start).decode("utf-8")
        except UnicodeDecodeError as error:
            raise NotWire("no text") from error

    def _field(self, place: int, end: int) -> Field:
        self._left -= 1
        if self._left < 0:
            raise NotWire("too many fields")
        self._file.seek(place)
        head = self._file.read(20)
        key, used = _varint(head)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise NotWire("field number 0")
        place += used
        value = 0
        if kind == VARINT:
            value, used = _varint(head[used:])
            stop = place + used
        elif kind == LENGTH:
            length, used = _varint(head[used:])
            place += used
            stop = place + length
        elif kind in (FIXED32, FIXED64):
            stop = place + (4 if kind == FIXED32 else 8)
        else:
            raise NotWire(f"wire type {kind}")
        if stop > end:
            raise NotWire("longer than its message")
        return Field(number, kind, place, stop, value)


def _varint(data: bytes) -> tuple[int, int]:
    """The number at the start of the bytes and how many bytes it takes."""
    value = 0
    for position, byte in enumerate(data[:10]):
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return value, position + 1
    raise NotWire("no end of a number")
