"""Inputs that fit a signature, and the `/score` body that carries them."""

from math import isfinite, prod
from typing import Any

import numpy as np

from onnxport_serve.codec.dtypes import ELEMENTS, Element
from onnxport_serve.codec.opaque import value_of_bytes
from onnxport_serve.signature import (
    MapType,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
)

_SEED = 0


def generate_feeds(signature: Signature) -> dict[str, Any]:
    """Values for every required input: unknown and symbolic dimensions are 1, floats lie in [0, 1), the same on every call.

    Returns:
        Input name to array (`OrtValue` of zeros for types that NumPy lacks), list or dict.
    """
    random = np.random.default_rng(_SEED)
    return {value.name: _value(value.type, random) for value in signature.inputs if value.required}


def score_body(signature: Signature, feeds: dict[str, Any]) -> dict[str, Any] | None:
    """The body that a person would send: `data` for a model with a single input, else `inputs`.

    Returns:
        A value that JSON can express, or `None` where an input has a type or a value (NaN) that JSON lacks.
    """
    values: dict[str, Any] = {}
    for value in signature.inputs:
        if value.name in feeds:
            if not _expressible(feeds[value.name]):
                return None
            values[value.name] = _plain(feeds[value.name])
    if len(signature.inputs) == 1 and len(values) == 1:
        return {"data": next(iter(values.values()))}
    return {"inputs": values}


def _value(kind: ValueType, random: np.random.Generator) -> Any:
    match kind:
        case TensorType(dtype, shape):
            sizes = tuple(
                size if isinstance(size, int) else 1 for size in shape or (1,) * (shape is None)
            )
            return _tensor(ELEMENTS[dtype], sizes, random)
        case SequenceType(element):
            return [_value(element, random)]
        case MapType(key, element):
            item = _value(element, random)
            first: Any = "text" if key == "string" else 0
            return {first: item.reshape(-1).tolist()[0] if isinstance(item, np.ndarray) else item}
        case OptionalType(element):
            return _value(element, random)


def _tensor(element: Element, shape: tuple[int, ...], random: np.random.Generator) -> Any:
    match element.kind:
        case "float":
            # Few digits: the body is read by people.
            numbers = random.integers(0, 100, shape) / 100
            return np.asarray(numbers).astype(element.storage)
        case "string":
            return np.array(["text"] * prod(shape), object).reshape(shape)
        case "opaque":
            raw = memoryview(bytes(element.bytes_for(shape)))
            return value_of_bytes(raw, shape, element)
        case _:
            return np.zeros(shape, element.storage)


def _expressible(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind != "f" or bool(np.isfinite(value).all())
    if isinstance(value, list):
        return all(map(_expressible, value))
    if isinstance(value, dict):
        return all(map(_expressible, value.values()))
    return isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _short(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _short(array: np.ndarray[Any, Any]) -> Any:
    """Nested lists; a float32 as the shortest decimal that gives it back, not as the digits of its double."""
    if array.dtype.kind != "f" or array.dtype.itemsize == 8:
        return array.tolist()
    flat = [float(str(number)) for number in array.reshape(-1)]
    return np.array(flat, np.float64).reshape(array.shape).tolist()
