"""Tables as input: columns under the names of the inputs, or a matrix for the only input."""

import csv
import io
import math
from pathlib import Path

import numpy as np

from onnxport.domain.dtype import DType
from onnxport.domain.signature import NamedValue, Signature, TensorType
from onnxport.service.sample_arrays import body_of, cast_array, only_input
from onnxport.service.sample_errors import UnusableInput

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INTEGERS = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}


def body_of_table(
    path: Path, data: bytes, signature: Signature, *, delimiter: str
) -> tuple[bytes, str]:
    """The request for a table of text cells.

    A first row with the names of all required inputs makes each column the value of that input. Otherwise the whole table is the
    value of the only input, and a first row that does not read as numbers is skipped as a heading.

    Raises:
        UnusableInput: rows of different lengths, cells that are no numbers, or a shape that the input does not take.
    """
    rows = _read_rows(path, data, delimiter)
    required = [value.name for value in signature.inputs if value.required]
    if required and set(required) <= set(rows[0]) and len(rows) > 1:
        known = {value.name: value for value in signature.inputs}
        columns = {
            name: [row[index] for row in rows[1:]]
            for index, name in enumerate(rows[0])
            if name in known
        }
        return body_of({name: _column(path, columns[name], known[name]) for name in columns})
    value = only_input(path, signature)
    return body_of({value.name: _matrix(path, rows, value)})


def _read_rows(path: Path, data: bytes, delimiter: str) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
        rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableInput(path, "it is not a table of UTF-8 text") from error
    if not rows:
        raise UnusableInput(path, "it is empty")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise UnusableInput(
                path, f"row {number} has {len(row)} cells and the first row {len(rows[0])}"
            )
    return rows


def _column(path: Path, cells: list[str], value: NamedValue) -> np.ndarray:
    array = _parse(path, cells, value)
    kind = value.type
    assert isinstance(kind, TensorType)
    rank = 2 if kind.shape is None else len(kind.shape)
    return array.reshape(-1) if rank <= 1 else array.reshape(-1, *[1] * (rank - 1))


def _matrix(path: Path, rows: list[list[str]], value: NamedValue) -> np.ndarray:
    if _is_heading(rows, value):
        rows = rows[1:]
    array = _parse(path, [cell for row in rows for cell in row], value)
    kind = value.type
    assert isinstance(kind, TensorType)
    return _reshape(path, array.reshape(len(rows), -1), value.name, kind)


def _reshape(path: Path, array: np.ndarray, name: str, kind: TensorType) -> np.ndarray:
    """A table of rows in the rank of the input: rows stay the first dimension, cells fill the others."""
    if kind.shape is None or len(kind.shape) == 2:
        return array
    if len(kind.shape) == 1 or (not kind.shape and array.size == 1):
        return array.reshape([-1] * len(kind.shape))
    rest = kind.shape[1:]
    if all(isinstance(size, int) for size in rest):
        sizes = [size for size in rest if isinstance(size, int)]
        if math.prod(sizes) == array.shape[1]:
            return array.reshape(-1, *sizes)
    raise UnusableInput(
        path, f"rows of {array.shape[1]} cells do not fit {name!r}, which is {kind}"
    )


def _is_heading(rows: list[list[str]], value: NamedValue) -> bool:
    if len(rows) < 2:
        return False
    if isinstance(value.type, TensorType) and value.type.dtype is DType.STRING:
        return rows[0] == [value.name]
    return not any(_is_number(cell) for cell in rows[0])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip().lower() in _BOOLEANS
    return True


def _parse(path: Path, cells: list[str], value: NamedValue) -> np.ndarray:
    kind = value.type
    if not isinstance(kind, TensorType):
        raise UnusableInput(path, f"the input {value.name!r} is {kind}", "Give a JSON body.")
    if kind.dtype is DType.STRING:
        return np.array(cells, dtype=str)
    try:
        if kind.dtype is DType.BOOL:
            return np.array([_BOOLEANS[cell.strip().lower()] for cell in cells], dtype=bool)
        if kind.dtype.value in _INTEGERS:
            return np.array([int(cell) for cell in cells], dtype=kind.dtype.value)
        numbers = np.array([float(cell) for cell in cells], dtype=np.float64)
    except (ValueError, KeyError, OverflowError) as error:
        raise UnusableInput(
            path, f"a cell does not read as {kind.dtype}, which {value.name!r} takes"
        ) from error
    return cast_array(path, numbers, value.name, kind)
