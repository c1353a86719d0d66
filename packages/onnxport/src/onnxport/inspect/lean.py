"""A model's protobuf without the bulk of its weights.

A graph of a gigabyte holds a few hundred kilobytes of structure. Reading only that keeps the memory of an inspection small and its
time independent of the weights: large payloads of tensors are skipped in the mapped file and stay empty in the result.
Field numbers: onnx.proto of the ONNX specification.
"""

from collections.abc import Mapping

from onnxport.inspect.wire import BYTES, Buffer, Field, Malformed, encode_varint, read_fields

KEPT_BYTES = 4096
"""Payloads of tensors up to this size are kept."""

_MAX_DEPTH = 100
_TENSOR = "tensor"
_CHILDREN: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: _TENSOR, 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: _TENSOR, 6: "graph", 10: _TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: _TENSOR, 2: _TENSOR},
}
_TENSOR_PAYLOADS = frozenset({4, 5, 7, 9, 10, 11})
_ATTRIBUTE_LISTS = frozenset({7, 8, 9})


def read_lean(data: Buffer) -> bytes:
    """The message in `data` without large tensor payloads; raises `Malformed` where it is not a protobuf message."""
    pieces: list[Buffer] = []
    _copy_message(data, 0, len(data), "model", 0, pieces)
    return b"".join(pieces)


def _copy_message(
    data: Buffer, start: int, end: int, kind: str, depth: int, pieces: list[Buffer]
) -> None:
    if depth > _MAX_DEPTH:
        raise Malformed("the graph is nested too deeply")
    children = _CHILDREN.get(kind, {})
    copied = start
    for field in read_fields(data, start, end):
        if kind == "attribute" and field.number in _ATTRIBUTE_LISTS:
            break  # long lists of numbers follow one by one; what comes behind them is small
        if field.wire_type != BYTES or field.end - field.payload <= KEPT_BYTES:
            continue
        shrunk: list[Buffer] = []
        if field.number in children:
            child = children[field.number]
            _copy_message(data, field.payload, field.end, child, depth + 1, shrunk)
        elif kind != _TENSOR or field.number not in _TENSOR_PAYLOADS:
            continue
        pieces.append(data[copied : field.start])
        pieces.extend(_frame(field, shrunk))
        copied = field.end
    pieces.append(data[copied:end])


def _frame(field: Field, content: list[Buffer]) -> list[Buffer]:
    length = sum(len(piece) for piece in content)
    return [encode_varint(field.number << 3 | BYTES) + encode_varint(length), *content]
