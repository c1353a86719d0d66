"""Tensors of element types that NumPy does not have (bfloat16, float8, 4-bit): raw bytes to and from ONNX Runtime's own values."""

import ctypes
from typing import Any

import numpy as np
from onnxruntime import OrtValue

from onnxport_serve.codec.dtypes import Element
from onnxport_serve.codec.shapes import Shape


def value_of_bytes(raw: memoryview, shape: Shape, element: Element) -> OrtValue:
    """A value that owns a copy of the bytes; the caller has checked that there are `element.bytes_for(shape)` of them."""
    value = OrtValue.ortvalue_from_shape_and_type(list(shape), element.code)
    if raw.nbytes:
        ctypes.memmove(value.data_ptr(), bytes(raw), raw.nbytes)
    return value


def value_of_array(array: np.ndarray[Any, Any]) -> OrtValue:
    """A value over the array's memory, which it keeps alive."""
    return OrtValue.ortvalue_from_numpy(np.asarray(array, order="C"))


def bytes_of_value(value: OrtValue, element: Element) -> bytes:
    """A copy of the tensor's bytes, little-endian, row-major, packed."""
    size = element.bytes_for(tuple(value.shape()))
    return ctypes.string_at(value.data_ptr(), size) if size else b""
