"""Small bodies of the form `{"data": [...]}` for one tensor of numbers: the shortest way to an array.

What makes it exact: two quotation marks mean that "data" is the only text; without the letters u and s there is no true, false or null;
so NumPy meets nothing but numbers and lists, refuses ragged ones, and reports a float that overflows. Any doubt is `None`.
"""

from typing import Any

import numpy as np
import orjson

from onnxport_serve.codec.inputs import TensorInput
from onnxport_serve.codec.tensor_fast import refusing_overflow

LARGEST = 1500
"""Bytes up to which this is faster than simdjson."""

_START = b'{"data":'


class QuickReader:
    """Reads the data form for one input.

    Args:
        item: a tensor input of floats or integers.
    """

    __slots__ = ("_context", "_fits", "_storage", "_wanted")

    def __init__(self, item: TensorInput) -> None:
        self._storage = item.element.storage
        # Floats are converted in one step; integers are inferred first, so that fractions are not cut off.
        self._wanted = self._storage if item.element.kind == "float" else None
        self._fits = item.rule.fits
        self._context = refusing_overflow()

    def read(self, body: bytes) -> np.ndarray[Any, Any] | None:
        """The array, or `None` where the exact way has to decide."""
        if not body.startswith(_START) or body.count(b'"') != 2 or b"u" in body or b"s" in body:
            return None
        try:
            array: np.ndarray[Any, Any] = self._context.run(
                np.array, orjson.loads(body)["data"], self._wanted
            )
        except (ValueError, TypeError, ArithmeticError, RuntimeError):
            return None
        return array if array.dtype == self._storage and self._fits(array.shape) else None
