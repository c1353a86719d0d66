"""From the bytes of a file to a parsed `ModelProto`, with a reason in words where that fails."""

from typing import Any

from onnxport.inspect.lean import read_lean
from onnxport.inspect.structure import Undescribable
from onnxport.inspect.wire import BYTES, VARINT, Buffer, Malformed, Truncated, read_fields

_WIRE_TYPES = {
    1: VARINT,
    2: BYTES,
    3: BYTES,
    4: BYTES,
    5: VARINT,
    6: BYTES,
    7: BYTES,
    8: BYTES,
    14: BYTES,
    20: BYTES,
    25: BYTES,
    26: BYTES,
}
"""The fields of `ModelProto`: number to wire type. Source: onnx.proto."""

_GRAPH = 7


class NotOnnx(ValueError):
    """Bytes that are not even the start of an ONNX model."""


def parse_model(data: Buffer, schema: Any) -> Any:
    """The `ModelProto` in `data`, its large weights left empty.

    Raises:
        NotOnnx: it does not start like one.
        Undescribable: it starts like one, and is cut off or damaged; the text says where.
    """
    _check_outline(data)
    model = schema.ModelProto()
    try:
        model.ParseFromString(read_lean(data))
    except Malformed as error:
        raise Undescribable(f"it is damaged inside ({error})") from error
    except schema_errors() as error:
        raise Undescribable("it is damaged inside, or nested too deeply") from error
    return model


def schema_errors() -> tuple[type[Exception], ...]:
    """What protobuf raises for bytes that do not fit the schema."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    return (DecodeError, UnicodeDecodeError)


def _check_outline(data: Buffer) -> None:
    """Walk the outermost fields: tells a model that was cut off from something else."""
    seen: set[int] = set()
    try:
        for field in read_fields(data, 0, len(data)):
            if _WIRE_TYPES.get(field.number, field.wire_type) != field.wire_type:
                raise NotOnnx("a protobuf message of another kind, or no protobuf at all")
            seen.add(field.number)
    except Truncated as error:
        if seen.isdisjoint(_WIRE_TYPES) or not _plausible_start(data):
            raise NotOnnx("a file of an unknown kind") from error
        total = len(data) + error.missing
        raise Undescribable(
            f"it is cut off after {len(data):,} bytes, and would have at least {total:,}"
        ) from error
    except Malformed as error:
        raise NotOnnx("a file of an unknown kind") from error
    if _GRAPH not in seen:
        known = seen.intersection(_WIRE_TYPES)
        if known == seen and 1 in seen:
            raise Undescribable("it holds no graph; the rest of the file is missing")
        raise NotOnnx("a protobuf message of another kind")


def _plausible_start(data: Buffer) -> bool:
    """Whether the first field is the IR version, as every exporter writes it, or another field of a model."""
    return data[0] in {number << 3 | kind for number, kind in _WIRE_TYPES.items()}
