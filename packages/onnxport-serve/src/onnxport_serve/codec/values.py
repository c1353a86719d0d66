"""Sequences, maps and optional values in JSON: lists, objects and null.

The keys of an object are strings in JSON; those of a map with integer keys are written as decimal numbers.
"""

from typing import Any

from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.codec.shapes import ShapeRule
from onnxport_serve.codec.tensor_json import read_flat, read_nested
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import MapType, OptionalType, SequenceType, TensorType, ValueType


def read_value(value: Any, kind: ValueType, name: str, depth: int) -> Any:
    """What ONNX Runtime takes for a value of this type.

    Args:
        value: what a JSON parser gave.
        kind: the type; its nesting bounds the recursion.
        name: where it is, for messages.
        depth: how many lists and objects may lie in each other.

    Raises:
        BadRequest: it is not of this type.
    """
    if depth < 0:
        raise BadRequest(f"input '{name}' is nested too deep")
    match kind:
        case TensorType(dtype, _):
            array = read_nested(value, ELEMENTS[dtype], name, depth)
            rule = ShapeRule(name, kind, frozenset())
            array = array.reshape(rule.complete(array.shape, {}))
            rule.check(array.shape, {})
            return array
        case SequenceType(element):
            if type(value) is not list:
                raise BadRequest(f"input '{name}' wants a list: {kind}")
            return [
                read_value(item, element, f"{name}[{index}]", depth - 1)
                for index, item in enumerate(value)
            ]
        case MapType(key, element):
            return _read_map(value, key, element, name, depth)
        case OptionalType(element):
            return None if value is None else read_value(value, element, name, depth)


def _read_map(value: Any, key: str, element: ValueType, name: str, depth: int) -> dict[Any, Any]:
    if type(value) is not dict:
        raise BadRequest(f"input '{name}' wants an object: map({key}, {element})")
    if not value:
        raise BadRequest(f"input '{name}' is an empty object; ONNX Runtime takes no empty map")
    keys = list(value) if key == "string" else _integer_keys(value, key, name)
    if isinstance(element, TensorType):
        place = f"{name} (values)"
        leaves = read_flat(list(value.values()), ELEMENTS[element.dtype], place, (len(value),))
        return dict(zip(keys, leaves.tolist(), strict=True))
    items = (read_value(item, element, name, depth - 1) for item in value.values())
    return dict(zip(keys, items, strict=True))


def _integer_keys(value: dict[str, Any], key: str, name: str) -> list[int]:
    try:
        numbers = [int(text) for text in value if len(text) <= _LONGEST_INTEGER]
    except ValueError:
        numbers = []
    element = ELEMENTS[key]
    whole = len(numbers) == len(value) == len(set(numbers))
    if not whole or not all(element.low <= number <= element.high for number in numbers):
        raise BadRequest(f"input '{name}' wants an object whose keys are different {key} numbers")
    return numbers


_LONGEST_INTEGER = 20
