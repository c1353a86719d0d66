"""Shapes that a request states: checked before anything is allocated."""

from math import prod
from typing import Any

from onnxport_serve.codec.shapes import Shape
from onnxport_serve.codec.tensor_json import MOST_DIMENSIONS
from onnxport_serve.errors import BadRequest

LARGEST_COUNT = 1 << 40
"""Elements beyond any body: sizes are multiplied without fear below it."""


def read_shape(value: Any, name: str) -> Shape:
    """The shape; `BadRequest` unless it is a list of at most 64 sizes of 0 or more whose product is sane."""
    valid = (
        type(value) is list
        and len(value) <= MOST_DIMENSIONS
        and set(map(type, value)) <= {int}
        and all(size >= 0 for size in value)
    )
    if not valid:
        raise BadRequest(f"input '{name}': shape has to be a list of sizes, each 0 or more")
    if prod(size or 1 for size in value) > LARGEST_COUNT:
        raise BadRequest(f"input '{name}' states a shape with too many elements")
    return tuple(value)
