"""Arrays that arrive as bytes or as `.npy`: checked against the element type, viewed where that is safe, converted where exact."""

from typing import Any

import numpy as np

from onnxport_serve.codec.dtypes import Element
from onnxport_serve.codec.shapes import Shape
from onnxport_serve.errors import BadRequest


def view_bytes(raw: memoryview, shape: Shape, element: Element, name: str) -> np.ndarray[Any, Any]:
    """The array over little-endian bytes, without a copy where they lie aligned; `BadRequest` where their number is wrong."""
    check_size(raw, shape, element, name)
    flat = np.frombuffer(raw, element.storage)
    if element.kind == "bool" and flat.size and flat.view(np.uint8).max() > 1:
        raise BadRequest(f"input '{name}' is bool: every byte has to be 0 or 1")
    return (flat if flat.flags.aligned else flat.copy()).reshape(shape)


def check_size(raw: memoryview, shape: Shape, element: Element, name: str) -> None:
    """Refuse bytes that are not exactly as many as the shape says."""
    wanted = element.bytes_for(shape)
    if raw.nbytes != wanted:
        raise BadRequest(
            f"input '{name}' as {element.name}{list(shape)} takes {wanted} bytes; got {raw.nbytes}"
        )


def split_strings(raw: memoryview, shape: Shape, name: str) -> np.ndarray[Any, Any]:
    """The texts of a BYTES tensor: each is its length (uint32, little-endian) and so many bytes of UTF-8."""
    texts: list[str] = []
    offset = 0
    while offset < len(raw):
        end = offset + 4 + int.from_bytes(raw[offset : offset + 4], "little")
        if offset + 4 > len(raw) or end > len(raw):
            raise BadRequest(f"input '{name}' ends inside element {len(texts)}")
        texts.append(read_text(raw[offset + 4 : end], name, len(texts)))
        offset = end
    count = 1
    for size in shape:
        count *= size
    if len(texts) != count:
        raise BadRequest(f"input '{name}' holds {len(texts)} texts; {list(shape)} takes {count}")
    return np.array(texts, object).reshape(shape)


def read_text(raw: memoryview | bytes, name: str, index: int) -> str:
    """One text; `BadRequest` where it is not UTF-8."""
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError:
        raise BadRequest(
            f"input '{name}' has a text that is not UTF-8 at element {index}"
        ) from None


def join_strings(array: np.ndarray[Any, Any]) -> bytes:
    """The bytes of a BYTES tensor: what `split_strings` reads."""
    parts: list[bytes] = []
    for text in array.ravel().tolist():
        data = text.encode()
        parts += (len(data).to_bytes(4, "little"), data)
    return b"".join(parts)


def convert(array: np.ndarray[Any, Any], element: Element, name: str) -> np.ndarray[Any, Any]:
    """The array in the element type, contiguous and in native byte order; `BadRequest` unless every value fits.

    NaN and infinities are kept. Integers fit floats; floats fit integers only when whole.
    """
    if element.kind == "string":
        if array.dtype.kind == "U":
            return array.astype(object)
    elif element.kind == "bool":
        if array.dtype.kind == "b":
            return np.asarray(array, order="C")
    elif array.dtype.kind in "iuf":
        array = (
            _to_float(array, element, name)
            if element.kind == "float"
            else _to_integer(array, element, name)
        )
        return np.asarray(array, order="C")
    raise BadRequest(f"input '{name}' wants {element.name}; got an array of {array.dtype.name}")


def _to_float(array: np.ndarray[Any, Any], element: Element, name: str) -> np.ndarray[Any, Any]:
    try:
        with np.errstate(over="raise"):
            return array.astype(element.storage, copy=False)
    except FloatingPointError:
        raise BadRequest(
            f"input '{name}' has a number beyond the range of {element.name}"
        ) from None


def _to_integer(array: np.ndarray[Any, Any], element: Element, name: str) -> np.ndarray[Any, Any]:
    if array.dtype.kind == "f" and not (np.isfinite(array) & (np.trunc(array) == array)).all():
        raise BadRequest(
            f"input '{name}' wants whole numbers ({element.name}); got fractions or NaN"
        )
    if array.size and not (element.low <= int(array.min()) and int(array.max()) <= element.high):
        raise BadRequest(
            f"input '{name}' has a number outside {element.low}..{element.high} ({element.name})"
        )
    return array.astype(element.storage, copy=False)
