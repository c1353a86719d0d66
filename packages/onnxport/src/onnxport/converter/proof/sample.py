"""Reading the user's sample: named arrays from .npz, .npy, .csv or .json, told apart by content. Nothing in it is run.

What is read, and what it unpacks to, is bounded before it is done: a sample may come from elsewhere.
"""

import csv
import io
import json
import math
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.interface import Arrays
from onnxport.errors import UserError

_LARGEST_ARRAYS = 4 << 30
_LARGEST_TEXT = 64 << 20


class SampleUnreadable(UserError):
    """A sample that is not named arrays."""

    code = "sample_unreadable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the sample {path.name} could not be read: {why}",
            "Give .npz or .npy arrays, a .csv with one row per line, or .json: a list of rows, a list of records, or {name: values}.",
        )


def read_sample(path: Path) -> Arrays:
    """The arrays of a sample by name, in the order of the file; a single unnamed array is called `X`. Raises `SampleUnreadable`."""
    try:
        arrays = _read(path, _body(path))
    except OSError as error:
        raise SampleUnreadable(path, error.strerror or str(error)) from None
    except MemoryError:
        raise SampleUnreadable(path, "it does not fit into memory") from None
    except (ValueError, TypeError, OverflowError, EOFError, RecursionError, csv.Error) as error:
        raise SampleUnreadable(path, " ".join(str(error).split())[:200]) from None
    lengths = {len(array) if array.ndim else 1 for array in arrays.values()}
    if not arrays or lengths == {0}:
        raise SampleUnreadable(path, "it holds no rows")
    return arrays


def _body(path: Path) -> bytes:
    """The content of a plain file; anything else is not even waited for."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SampleUnreadable(path, "it is no file")
        if status.st_size > _LARGEST_ARRAYS:
            raise SampleUnreadable(path, f"it is larger than {_LARGEST_ARRAYS >> 30} GiB")
        return file.read(_LARGEST_ARRAYS)


def _read(path: Path, body: bytes) -> Arrays:
    if body.startswith((b"\x93NUMPY", b"PK\x03\x04")):
        try:
            return _from_numpy(body)
        except (ValueError, EOFError):
            raise
        except Exception as error:  # damaged archives lead to errors of many types
            raise ValueError(f"{type(error).__name__}: {error}") from error
    if len(body) > _LARGEST_TEXT:
        raise SampleUnreadable(path, f"it is text of more than {_LARGEST_TEXT >> 20} MiB")
    text = body.decode("utf-8-sig")
    if text.lstrip()[:1] in ("[", "{"):
        return _from_json(path, json.loads(text))
    return _from_csv(path, text)


def _from_numpy(body: bytes) -> Arrays:
    if not body.startswith(b"PK"):
        return {"X": _array_in(body)}
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = [part for part in archive.infolist() if not part.is_dir()]
        if sum(part.file_size for part in parts) > _LARGEST_ARRAYS:
            raise ValueError(f"it unpacks to more than {_LARGEST_ARRAYS >> 30} GiB")
        return {part.filename.removesuffix(".npy"): _array_in(archive.read(part)) for part in parts}


def _array_in(body: bytes) -> "np.ndarray[Any, Any]":
    """One array; memory for it is taken only where its values are there."""
    file = io.BytesIO(body)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    if kind.hasobject:
        raise ValueError("it holds pickled objects, which run code when opened")
    if math.prod(shape) * kind.itemsize > len(body) - file.tell():
        raise ValueError("an array in it is larger than what it holds")
    file.seek(0)
    array: np.ndarray[Any, Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _from_json(path: Path, document: Any) -> Arrays:
    if isinstance(document, list) and document and all(isinstance(row, dict) for row in document):
        names = list(document[0])
        if any(set(row) != set(names) for row in document):
            raise SampleUnreadable(path, "its records do not all have the same names")
        return {name: _array(path, [row[name] for row in document]) for name in names}
    if isinstance(document, dict):
        inner = document.get("inputs", document)
        named = inner if isinstance(inner, dict) else document
        return {name: _array(path, values) for name, values in named.items()}
    return {"X": _array(path, document)}


def _from_csv(path: Path, text: str) -> Arrays:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if len({len(row) for row in rows}) > 1:
        raise SampleUnreadable(path, "its rows do not all have the same number of columns")
    if rows and all(_is_number(cell) for cell in rows[0]):
        return {"X": _array(path, [[_number(cell) for cell in row] for row in rows])}
    if len(rows) < 2:
        raise SampleUnreadable(path, "it has no rows below its header")
    columns = zip(*rows[1:], strict=True)
    return {name.strip(): _column(cells) for name, cells in zip(rows[0], columns, strict=True)}


def _column(cells: tuple[str, ...]) -> "np.ndarray[Any, Any]":
    """A column of numbers (an empty cell is NaN), or of text when a cell is none."""
    if all(_is_number(cell) for cell in cells):
        return np.array([_number(cell) for cell in cells])
    return np.array(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def _number(cell: str) -> float:
    return float(cell or "nan")


def _array(path: Path, values: Any) -> "np.ndarray[Any, Any]":
    try:
        array = np.array(values)
    except ValueError:
        raise SampleUnreadable(path, "its rows do not all have the same length") from None
    if array.dtype == object:
        array = _without_gaps(array)
    return array


def _without_gaps(array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """`null` among text as an empty text, else as a missing number."""
    values = [value for value in array.reshape(-1) if value is not None]
    if values and all(isinstance(value, str) for value in values):
        return np.where(array == None, "", array).astype(str)  # noqa: E711 - element by element
    return array.astype(np.float64)
