"""The protobuf wire format, read without copying: where the fields of a message start and end.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10

Buffer = bytes | memoryview


class Malformed(ValueError):
    """Bytes that are no protobuf message."""


class Truncated(Malformed):
    """A field that ends `missing` bytes after the last one that is there."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"{missing} bytes are missing")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number and wire type, where it starts, where its payload starts, and where both end."""

    number: int
    wire_type: int
    start: int
    payload: int
    end: int


def read_varint(data: Buffer, position: int, end: int) -> tuple[int, int]:
    """Read a base-128 integer; gives it and the position behind it, or raises `Malformed`."""
    value = 0
    for index in range(_MAX_VARINT):
        if position + index >= end:
            raise Truncated(1)
        byte = data[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise Malformed("an integer is longer than 10 bytes")


def read_fields(data: Buffer, start: int, end: int) -> Iterator[Field]:
    """Walk the fields of the message in `data[start:end]`; raises `Malformed` where it stops being one."""
    position = start
    while position < end:
        key, payload = read_varint(data, position, end)
        number, wire_type = key >> 3, key & 7
        if not 1 <= number < 2**29:
            raise Malformed(f"field number {number} is out of range")
        if wire_type == VARINT:
            _, after = read_varint(data, payload, end)
        elif wire_type == BYTES:
            length, payload = read_varint(data, payload, end)
            after = payload + length
        elif wire_type in (FIXED32, FIXED64):
            after = payload + (4 if wire_type == FIXED32 else 8)
        else:
            raise Malformed(f"wire type {wire_type} is not used by ONNX")
        if after > end:
            raise Truncated(after - end)
        yield Field(number, wire_type, position, payload, after)
        position = after


def encode_varint(value: int) -> bytes:
    """Write a base-128 integer."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
