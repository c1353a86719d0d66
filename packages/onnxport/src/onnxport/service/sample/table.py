"""Tables as input: columns under the names of the inputs, or a matrix for the only input."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnxport.domain.dtype import DType
from onnxport.domain.signature import NamedValue, Signature, TensorType
from onnxport.service.sample.arrays import body_of, cast_array, only_input
from onnxport.service.sample.errors import UnusableInput

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INTEGERS = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
_FLOATS = {"float16", "float32", "float64"}
_DELIMITERS = {",": "','", "\t": "tabs"}
_OTHER_DELIMITERS = (";", "\t")


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells by row; `numbers` are the rows' places in the file, counted from 1 with the heading and empty rows."""

    path: Path
    delimiter: str
    rows: list[list[str]]
    numbers: list[int]

    def without_heading(self) -> "_Table":
        return _Table(self.path, self.delimiter, self.rows[1:], self.numbers[1:])

    def cells(self, columns: Sequence[int]) -> list[str]:
        """The cells of some columns, row by row."""
        return [row[column] for row in self.rows for column in columns]

    def refuse(self, why: str, *cells: str) -> UnusableInput:
        """The error for a reason and the cells it is about, which are looked at for other delimiters and never repeated."""
        if not any(other in cell for other in _OTHER_DELIMITERS for cell in cells):
            return UnusableInput(self.path, why)
        read = f"columns are separated by {_DELIMITERS[self.delimiter]} here and a cell holds ';' or a tab"
        remedy = "Separate the columns with commas (.csv) or tabs (.tsv), and write decimals with a point."
        return UnusableInput(self.path, f"{why}; {read}", remedy)


def body_of_table(
    path: Path, data: bytes, signature: Signature, *, delimiter: str
) -> tuple[bytes, str]:
    """The request for a table of text cells.

    A first row with the names of all required inputs makes each column the value of that input. Otherwise the whole table is the
    value of the only input, and a first row that does not read as numbers is skipped as a heading.

    Raises:
        UnusableInput: rows of different lengths, cells that are no numbers, or a shape that the input does not take.
    """
    table = _read_table(path, data, delimiter)
    required = [value.name for value in signature.inputs if value.required]
    heading = table.rows[0]
    if required and set(required) <= set(heading) and len(table.rows) > 1:
        known = {value.name: value for value in signature.inputs}
        columns = {name: index for index, name in enumerate(heading) if name in known}
        body = table.without_heading()
        return body_of({name: _column(body, columns[name], known[name]) for name in columns})
    value = only_input(path, signature)
    return body_of({value.name: _matrix(table, value)})


def _read_table(path: Path, data: bytes, delimiter: str) -> _Table:
    try:
        text = data.decode("utf-8-sig")
        read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = {number: row for number, row in enumerate(read, 1) if row}
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableInput(path, "it is not a table of UTF-8 text") from error
    if not rows:
        raise UnusableInput(path, "it is empty")
    table = _Table(path, delimiter, list(rows.values()), list(rows))
    first = table.rows[0]
    for number, row in rows.items():
        if len(row) != len(first):
            why = f"row {number} has {len(row)} cells and the first row {len(first)}"
            raise table.refuse(why, *row, *first)
    return table


def _column(table: _Table, column: int, value: NamedValue) -> np.ndarray:
    array = _parse(table, [column], value)
    kind = value.type
    assert isinstance(kind, TensorType)
    rank = 2 if kind.shape is None else len(kind.shape)
    return array.reshape(-1) if rank <= 1 else array.reshape(-1, *[1] * (rank - 1))


def _matrix(table: _Table, value: NamedValue) -> np.ndarray:
    if _is_heading(table.rows, value):
        table = table.without_heading()
    array = _parse(table, range(len(table.rows[0])), value)
    kind = value.type
    assert isinstance(kind, TensorType)
    return _reshape(table.path, array.reshape(len(table.rows), -1), value.name, kind)


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


def _parse(table: _Table, columns: Sequence[int], value: NamedValue) -> np.ndarray:
    """The cells of some columns in the input's element type, in one dimension."""
    kind = value.type
    if not isinstance(kind, TensorType):
        raise UnusableInput(table.path, f"the input {value.name!r} is {kind}", "Give a JSON body.")
    cells = table.cells(columns)
    if kind.dtype is DType.STRING:
        return np.array(cells, dtype=str)
    read, storage = _reader_of(kind.dtype)
    try:
        array = np.array([read(cell) for cell in cells], dtype=storage)
        return cast_array(table.path, array, value.name, kind)
    except (ValueError, KeyError, OverflowError, UnusableInput):
        place = next((i for i, cell in enumerate(cells) if not _reads_as(cell, kind.dtype)), None)
        if place is None:
            raise  # no cell is at fault, the element type is
        row, column = divmod(place, len(columns))
        where = f"the cell in row {table.numbers[row]}, column {columns[column] + 1}"
        why = f"{where} does not read as {kind.dtype}, which {value.name!r} takes"
        raise table.refuse(why, cells[place]) from None


def _reader_of(dtype: DType) -> tuple[Callable[[str], object], str]:
    """What reads a cell, and the type that NumPy keeps it in until it is cast."""
    if dtype is DType.BOOL:
        return lambda cell: _BOOLEANS[cell.strip().lower()], "bool"
    return (int, dtype.value) if dtype.value in _INTEGERS else (float, "float64")


def _reads_as(cell: str, dtype: DType) -> bool:
    read, storage = _reader_of(dtype)
    try:
        number = np.array(read(cell), dtype=storage)
    except (ValueError, KeyError, OverflowError):
        return False
    if dtype.value not in _FLOATS:
        return True
    with np.errstate(all="ignore"):
        return bool(np.isfinite(number) == np.isfinite(number.astype(dtype.value)))
