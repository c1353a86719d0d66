"""Outputs as JSON: the answers of `/score`.

NaN and infinities become `null` and are counted. A number's digits are the shortest that give the same number back.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import orjson

from onnxport_serve.codec import opaque
from onnxport_serve.codec.call import JSON, OCTETS, Answer, Encoder
from onnxport_serve.codec.dtypes import ELEMENTS, Element
from onnxport_serve.codec.inputs import printable
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import (
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    TensorType,
    ValueType,
)

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class Output:
    """One output, compiled: its name, its type, its element type when it is a tensor, and its name as a JSON key."""

    __slots__ = ("element", "has_json", "key", "kind", "name")

    def __init__(self, value: NamedValue) -> None:
        kind = value.type.element if isinstance(value.type, OptionalType) else value.type
        self.name = value.name
        self.kind = value.type
        self.element: Element | None = (
            ELEMENTS[kind.dtype] if isinstance(kind, TensorType) else None
        )
        self.has_json = _has_json(value.type)
        self.key = orjson.dumps(value.name) + b":"


class Outputs:
    """All outputs of a signature, in graph order."""

    __slots__ = ("all", "by_name")

    def __init__(self, values: Sequence[NamedValue]) -> None:
        self.all = [Output(value) for value in values]
        self.by_name = {output.name: output for output in self.all}

    def select(self, names: Sequence[Any]) -> list[Output]:
        """The outputs of these names, in this order; `BadRequest` for unknown and repeated ones."""
        chosen: list[Output] = []
        for name in names:
            output = self.by_name.get(name) if type(name) is str else None
            if output is None or output in chosen:
                what = "unknown" if output is None else "repeated"
                raise BadRequest(
                    f"{what} output {printable(name)}; this model gives "
                    + ", ".join(f"'{known}'" for known in self.by_name)
                )
            chosen.append(output)
        return chosen


def dump_json(value: Any) -> tuple[bytes, int]:
    """The JSON of one output, and how many NaN and infinities were written as null."""
    part = orjson.dumps(value, _plain, _OPTIONS)
    # Numbers have no letter n; a search for it is nearly free beside a look at every number.
    return part, count_nonfinite(value) if b"n" in part else 0


def count_nonfinite(value: Any) -> int:
    """NaN and infinities in an output of any type."""
    if isinstance(value, np.ndarray):
        finite = int(np.isfinite(value).sum()) if value.dtype.kind == "f" else value.size
        return value.size - finite
    if isinstance(value, list):
        return sum(map(count_nonfinite, value))
    if isinstance(value, dict):
        return sum(map(count_nonfinite, value.values()))
    return 1 if isinstance(value, float) and not isfinite(value) else 0


def result_encoder(outputs: list[Output]) -> Encoder:
    """`{"result": nested}`; an object by name when there are several outputs."""
    if len(outputs) > 1:
        return _named_encoder(outputs, "result")

    def encode(values: list[Any], _version: str) -> Answer:
        body = orjson.dumps({"result": values[0]}, _plain, _OPTIONS)
        return Answer(body, JSON, (), count_nonfinite(values[0]) if b"n" in body else 0)

    return encode


def named_encoder(outputs: list[Output]) -> Encoder:
    """`{"outputs": {name: nested}}`."""
    return _named_encoder(outputs, "outputs")


def _named_encoder(outputs: list[Output], member: str) -> Encoder:
    names = [output.name for output in outputs]
    letters = orjson.dumps({member: dict.fromkeys(names, 0)}).count(b"n")

    def encode(values: list[Any], _version: str) -> Answer:
        body = orjson.dumps({member: dict(zip(names, values, strict=True))}, _plain, _OPTIONS)
        nonfinite = sum(map(count_nonfinite, values)) if body.count(b"n") > letters else 0
        return Answer(body, JSON, (), nonfinite)

    return encode


def raw_encoder(output: Output) -> Encoder:
    """The bytes of the one output of a type that JSON cannot express; its type and shape are in headers."""
    element = output.element
    assert element is not None

    def encode(values: list[Any], _version: str) -> Answer:
        shape = b",".join(b"%d" % size for size in values[0].shape())
        headers = ((b"x-onnxport-dtype", element.name.encode()), (b"x-onnxport-shape", shape))
        return Answer(opaque.bytes_of_value(values[0], element), OCTETS, headers)

    return encode


def _plain(value: Any) -> Any:
    """What orjson cannot write by itself: arrays of texts, without dimensions, or not contiguous."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and value.ndim:
            return np.ascontiguousarray(value)
        return value.tolist() if value.ndim else value[()]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise TypeError(f"an output holds a {type(value).__name__}")


def _has_json(kind: ValueType) -> bool:
    match kind:
        case TensorType(dtype, _):
            return ELEMENTS[dtype].has_json
        case SequenceType(element) | OptionalType(element):
            return _has_json(element)
        case MapType(key, value):
            return ELEMENTS[key].has_json and _has_json(value)
