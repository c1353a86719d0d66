"""The inputs of a model, compiled: from what a body holds under a name to what ONNX Runtime takes."""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from math import prod
from typing import Any, NamedTuple

import numpy as np
from onnxruntime import OrtValue

from onnxport_serve.codec import arrays, opaque
from onnxport_serve.codec.call import Call, Encoder
from onnxport_serve.codec.dtypes import ELEMENTS, Element
from onnxport_serve.codec.shapes import Bound, Shape, ShapeRule
from onnxport_serve.codec.tensor_fast import NumberReader
from onnxport_serve.codec.tensor_json import read_flat, read_nested
from onnxport_serve.codec.values import read_value
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import NamedValue, OptionalType, Signature, TensorType


class Numbers(NamedTuple):
    """Numbers of the input's element type that were read ahead: flat values, the shape they were nested in, arrays seen."""

    flat: np.ndarray[Any, Any]
    shape: Shape
    arrays: int


class Gathering:
    """What one request has given so far."""

    __slots__ = ("bound", "feeds", "size", "typed")

    def __init__(self) -> None:
        self.feeds: dict[str, Any] = {}
        self.bound: Bound = {}
        self.size = 0
        self.typed = False

    def add(self, name: str, value: Any, size: int) -> None:
        """Take one input."""
        self.feeds[name] = value
        self.size += size

    def call(self, outputs: list[str] | None, encoder: Encoder, *, wants_typed: bool) -> Call:
        """The request; `wants_typed` when an output has a type that NumPy lacks."""
        feeds = (
            {name: _typed(name, value) for name, value in self.feeds.items()}
            if wants_typed
            else self.feeds
        )
        return Call(
            feeds, outputs, self.size, encoder,
            typed=self.typed or wants_typed, wants_typed_outputs=wants_typed,
        )  # fmt: skip


def _typed(name: str, value: Any) -> OrtValue:
    if isinstance(value, OrtValue):
        return value
    if isinstance(value, np.ndarray) and value.dtype != object:
        return opaque.value_of_array(value)
    raise BadRequest(
        f"ONNX Runtime cannot combine input '{name}' with outputs of bfloat16, float8 or 4-bit type; "
        f"ask for the other outputs by name"
    )


class TensorInput:
    """One tensor input.

    Args:
        value: its name and type; an optional tensor is one that may be left out.
        kind: the tensor type.
        shared: symbolic dimensions shared among the signature's inputs.
    """

    __slots__ = ("element", "kind", "name", "reader", "required", "rule")

    def __init__(self, value: NamedValue, kind: TensorType, shared: frozenset[str]) -> None:
        self.name = value.name
        self.kind = kind
        self.required = value.required
        self.element: Element = ELEMENTS[kind.dtype]
        self.rule = ShapeRule(value.name, kind, shared)
        numeric = self.element.kind in ("float", "integer")
        self.reader = NumberReader(self.element) if numeric else None

    def add_json(self, value: Any, to: Gathering, depth: int) -> None:
        """Take nested lists, or `Numbers`."""
        if type(value) is Numbers:
            if len(value.shape) > depth:
                raise BadRequest(f"input '{self.name}' is nested deeper than {depth} lists")
            array = value.flat.reshape(value.shape)
        else:
            array = read_nested(value, self.element, self.name, depth)
        if not array.size:
            array = array.reshape(self.rule.complete(array.shape, to.bound))
        self.rule.check(array.shape, to.bound)
        to.add(self.name, array, array.size)

    def add_flat(self, value: Any, shape: Shape, to: Gathering, depth: int) -> None:
        """Take nested or flat lists, or `Numbers`, whose shape is stated beside them."""
        if type(value) is Numbers:
            array, nested = value.flat, value.shape
        elif type(value) is list and list not in set(map(type, value)):
            array, nested = read_flat(value, self.element, self.name, (len(value),)), (len(value),)
        else:
            array = read_nested(value, self.element, self.name, depth)
            nested = array.shape
        if len(nested) > depth:
            raise BadRequest(f"input '{self.name}' is nested deeper than {depth} lists")
        if array.size != prod(shape) or (len(nested) > 1 and array.size and nested != shape):
            raise BadRequest(
                f"input '{self.name}' states the shape {list(shape)} but its data is {list(nested)}"
            )
        self.rule.check(shape, to.bound)
        to.add(self.name, array.reshape(shape), array.size)

    def add_bytes(self, raw: memoryview, shape: Shape, to: Gathering) -> None:
        """Take raw little-endian bytes of a stated shape; texts are length-prefixed."""
        self.rule.check(shape, to.bound)
        if self.element.kind == "string":
            to.add(self.name, arrays.split_strings(raw, shape, self.name), prod(shape))
        elif self.element.kind == "opaque":
            arrays.check_size(raw, shape, self.element, self.name)
            to.typed = True
            to.add(self.name, opaque.value_of_bytes(raw, shape, self.element), prod(shape))
        else:
            to.add(self.name, arrays.view_bytes(raw, shape, self.element, self.name), prod(shape))

    def add_array(self, array: np.ndarray[Any, Any], to: Gathering) -> None:
        """Take an array of any type that fits exactly."""
        self.rule.check(array.shape, to.bound)
        to.add(self.name, arrays.convert(array, self.element, self.name), array.size)


class ValueInput:
    """One input that is no tensor: a sequence, a map, or optionally one of them."""

    __slots__ = ("kind", "name", "required")

    def __init__(self, value: NamedValue) -> None:
        self.name = value.name
        self.kind = value.type
        self.required = value.required

    def add_json(self, value: Any, to: Gathering, depth: int) -> None:
        """Take lists and objects."""
        to.add(self.name, read_value(value, self.kind, self.name, depth), 1)


Input = TensorInput | ValueInput


class Inputs:
    """All inputs of a signature, in graph order."""

    __slots__ = ("all", "by_name", "required")

    def __init__(self, signature: Signature) -> None:
        shared = _shared_symbols(signature)
        self.all: list[Input] = [_compile(value, shared) for value in signature.inputs]
        self.by_name: dict[str, Input] = {item.name: item for item in self.all}
        self.required = [item.name for item in self.all if item.required]

    def tensor(self, name: Any) -> TensorInput:
        """The tensor input of this name, for forms that carry only tensors."""
        item = self.by_name.get(name) if type(name) is str else None
        if item is None:
            raise BadRequest(self.unknown([name]))
        if isinstance(item, ValueInput):
            raise BadRequest(
                f"input '{item.name}' is {item.kind}, which only JSON on /score can carry"
            )
        return item

    def gather(self, values: dict[str, Any], depth: int) -> Gathering:
        """Take every named value of a JSON body; null is the same as leaving an input out."""
        if not self.by_name.keys() >= values.keys():
            raise BadRequest(self.unknown([name for name in values if name not in self.by_name]))
        to = Gathering()
        for name, value in values.items():
            if value is not None or self.by_name[name].required:
                self.by_name[name].add_json(value, to, depth)
        self.complete(to)
        return to

    def complete(self, to: Gathering) -> None:
        """Refuse a request that leaves out a required input."""
        missing = [f"'{name}'" for name in self.required if name not in to.feeds]
        if missing:
            raise BadRequest(
                f"missing {_inputs(len(missing))} {', '.join(missing)}; {self.listing()}"
            )

    def unknown(self, names: Iterable[Any]) -> str:
        """What to say of names that the model does not have."""
        parts = []
        for name in list(names)[:5]:
            near = get_close_matches(str(name)[:100], self.by_name, n=1)
            parts.append(f"{printable(name)} (nearest: '{near[0]}')" if near else printable(name))
        return f"unknown {_inputs(len(parts))} {', '.join(parts)}; {self.listing()}"

    def listing(self) -> str:
        """The inputs with their types."""
        if not self.all:
            return "this model has no inputs"
        listed = ", ".join(f"'{item.name}' {item.kind}" for item in self.all[:20])
        return f"this model takes {listed}{', ...' if len(self.all) > 20 else ''}"


def printable(name: Any) -> str:
    """A name from a request made fit for a message: quoted, cut, without control characters."""
    text = str(name) if type(name) is str else type(name).__name__
    text = "".join(c if c.isprintable() else "?" for c in text[:60])
    return f"'{text}'" + ("..." if len(str(name)) > 60 else "")


def _inputs(count: int) -> str:
    return "input" if count == 1 else "inputs"


def _compile(value: NamedValue, shared: frozenset[str]) -> Input:
    kind = value.type.element if isinstance(value.type, OptionalType) else value.type
    if isinstance(kind, TensorType):
        return TensorInput(value, kind, shared)
    return ValueInput(value)


def _shared_symbols(signature: Signature) -> frozenset[str]:
    counted: Counter[str] = Counter()
    for value in signature.inputs:
        kind = value.type.element if isinstance(value.type, OptionalType) else value.type
        if isinstance(kind, TensorType):
            counted.update(size for size in kind.shape or () if isinstance(size, str))
    return frozenset(symbol for symbol, count in counted.items() if count > 1)
