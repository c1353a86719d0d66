"""Bodies that are one tensor and nothing else: raw bytes, and NumPy's `.npy`.

Source of `.npy`: numpy.lib.format. Its header is read with literals only; Python objects are refused.
"""

from io import BytesIO
from tokenize import TokenError
from typing import Any

import numpy as np

from onnxport_serve.codec import arrays
from onnxport_serve.codec.inputs import Gathering, TensorInput
from onnxport_serve.codec.shapes import Shape
from onnxport_serve.codec.stated_shape import read_shape
from onnxport_serve.errors import BadRequest

NPY_MAGIC = b"\x93NUMPY"
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def add_raw(body: bytes, item: TensorInput, to: Gathering) -> None:
    """Take a body of raw little-endian bytes; the shape follows from their number. A text input takes the body as one text."""
    raw = memoryview(body)
    if item.element.kind == "string":
        shape = item.rule.from_count(1)
        if shape is None:
            raise BadRequest(
                f"input '{item.name}' is {item.kind}: raw bytes are one text, send JSON for more"
            )
        item.rule.check(shape, to.bound)
        to.add(item.name, np.array([arrays.read_text(raw, item.name, 0)], object).reshape(shape), 1)
        return
    item.add_bytes(raw, _shape_of(len(body), item), to)


def _shape_of(size: int, item: TensorInput) -> Shape:
    count, rest = divmod(size * 8, item.element.bits)
    # The last byte of an odd number of 4-bit elements is half empty.
    for candidate in (count, count - 1) if item.element.bits == 4 else (count,):
        shape = item.rule.from_count(candidate) if not rest and candidate >= 0 else None
        if shape is not None:
            return shape
    raise BadRequest(
        f"input '{item.name}' wants {item.kind}; {size} raw bytes do not say its shape: "
        f"send whole {item.element.name} elements of a shape with at most one unknown size, a .npy file, or /v2"
    )


def add_npy(body: bytes, item: TensorInput, to: Gathering) -> None:
    """Take a `.npy` body; other number types are converted where every value fits."""
    if item.element.kind == "opaque":
        raise BadRequest(
            f"input '{item.name}' is {item.element.name}, which .npy cannot express; send raw bytes"
        )
    item.add_array(read_npy(body, item.name), to)


def read_npy(body: bytes, name: str) -> np.ndarray[Any, Any]:
    """The array of a `.npy` file, over the body's memory where it lies aligned."""
    stream = BytesIO(body)
    try:
        reader = _HEADER_READERS[np.lib.format.read_magic(stream)]
        shape, fortran, dtype = reader(stream)
    except (
        ValueError,
        KeyError,
        TypeError,
        SyntaxError,
        TokenError,
        RecursionError,
        MemoryError,
        EOFError,
    ):
        raise BadRequest("the body is not a .npy file of format 1.0 or 2.0") from None
    if dtype.hasobject or dtype.fields or dtype.subdtype or not dtype.itemsize:
        raise BadRequest(
            "the .npy file has to hold plain numbers, booleans or texts, not objects or records"
        )
    sizes = read_shape(list(shape), name)
    raw = memoryview(body)[stream.tell() :]
    wanted = dtype.itemsize
    for size in sizes:
        wanted *= size
    if raw.nbytes != wanted:
        raise BadRequest(f"the .npy file states {wanted} bytes of data; got {raw.nbytes}")
    return _view(raw, dtype, sizes, fortran=fortran)


def _view(
    raw: memoryview, dtype: np.dtype[Any], shape: Shape, *, fortran: bool
) -> np.ndarray[Any, Any]:
    flat = np.frombuffer(raw, dtype)
    if not flat.flags.aligned:
        flat = flat.copy()
    if dtype.kind == "b" and flat.size and flat.view(np.uint8).max() > 1:
        raise BadRequest("the .npy file is bool: every byte has to be 0 or 1")
    return flat.reshape(shape, order="F" if fortran else "C")
