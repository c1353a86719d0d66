"""Between the inputs of the ONNX model and what scikit-learn takes: a matrix, a data frame, or a list of texts."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxport.converter.inside import tabular
from onnxport.converter.inside.sklearn.columns import (
    DOUBLE,
    MATRIX,
    NUMBER,
    TEXT,
    TRUTH,
    WHOLE,
    Column,
    Inputs,
)
from onnxport.converter.interface import ConversionRefused

Arrays = Mapping[str, Any]
_TRUE, _FALSE = {"true", "True", "TRUE", "1"}, {"false", "False", "FALSE", "0"}


def dtype_of(column: Column, *, double: bool) -> Any:
    """The type of a column's values in the ONNX model."""
    if column.kind == NUMBER:
        return np.dtype(np.float64 if double else np.float32)
    types = {TEXT: np.str_, WHOLE: np.int64, TRUTH: np.bool_, DOUBLE: np.float64}
    return np.dtype(types[column.kind])


def from_sample(inputs: Inputs, sample: Arrays) -> dict[str, Any]:
    """The user's sample by the model's inputs, numbers in float64. Raises `ConversionRefused` with the columns that it takes."""
    if inputs.is_matrix:
        return {
            MATRIX: tabular.sample_matrix(sample, inputs.width, inputs.names or None, np.float64)
        }
    return {
        column.name: _converted(column, values)
        for column, values in zip(inputs.columns, _by_column(inputs, sample), strict=True)
    }


def as_fed(inputs: Inputs, arrays: Arrays, *, double: bool) -> dict[str, Any]:
    """The same values in the types that the ONNX model takes."""
    if inputs.is_matrix:
        return {MATRIX: arrays[MATRIX].astype(np.float64 if double else np.float32)}
    return {
        c.name: arrays[c.name]
        if c.kind == TEXT
        else arrays[c.name].astype(dtype_of(c, double=double))
        for c in inputs.columns
    }


def for_model(inputs: Inputs, arrays: Arrays) -> Any:
    """What the model itself takes for the ONNX model's inputs. Numbers are float64, as where it was trained."""
    if inputs.is_matrix:
        return _framed_matrix(inputs, np.asarray(arrays[MATRIX], np.float64))
    if inputs.documents:
        return [str(text) for text in np.ravel(arrays[MATRIX])]
    if inputs.names:
        import pandas as pd

        frame = pd.DataFrame({c.name: _restored(c, arrays[c.name]) for c in inputs.columns})
        return frame.astype(object) if inputs.objects else frame
    rows = len(next(iter(arrays.values())))
    kind = object if any(c.kind == TEXT for c in inputs.columns) else np.float64
    matrix = np.zeros((rows, inputs.width), kind)
    for column in inputs.columns:
        matrix[:, column.place] = _restored(column, arrays[column.name])
    return matrix


def _framed_matrix(inputs: Inputs, matrix: Any) -> Any:
    if not inputs.names:
        return matrix
    import pandas as pd

    return pd.DataFrame(matrix, columns=list(inputs.names))


def _restored(column: Column, values: Any) -> Any:
    flat = np.ravel(values)
    if column.kind == NUMBER:
        return flat.astype(np.float64)
    if column.kind != TEXT:
        return flat
    texts = flat.astype(object)
    if column.may_miss and not isinstance(column.missing, str):
        texts[flat == ""] = column.missing
    return texts


def _by_column(inputs: Inputs, sample: Arrays) -> list[Any]:
    """The sample's values for each input column, in one dimension."""
    wanted = [column.name for column in inputs.columns]
    flat = {name: np.asarray(array) for name, array in sample.items()}
    if set(wanted) <= set(flat):
        return [flat[name].reshape(-1) for name in wanted]
    for array in flat.values():
        if array.ndim == 2 and array.shape[1] == inputs.width:
            return [array[:, column.place] for column in inputs.columns]
    values = [array.reshape(-1) for array in flat.values()]
    same_length = len({len(array) for array in values}) == 1
    if same_length and not inputs.names and len(values) == inputs.width:
        return [values[column.place] for column in inputs.columns]
    if inputs.documents and len(values) == 1:
        return values
    lacking = [name for name in wanted if name not in flat]
    raise ConversionRefused(
        f"the sample holds {', '.join(list(flat)[:12])}; the model also takes {', '.join(lacking[:12])}",
        f"Give the columns {', '.join(f'{c.name} ({c.kind})' for c in inputs.columns[:20])}.",
    )


def _converted(column: Column, values: Any) -> Any:
    """A column of the sample in the kind of values that the ONNX model takes, [rows, 1]."""
    try:
        made = _as_text(values) if column.kind == TEXT else _as_numbers(column, values)
    except ValueError:
        raise ConversionRefused(
            f"the sample's column '{column.name}' holds something that is no {column.kind}",
            f"Give the column '{column.name}' as a {column.kind}, as the model was trained on.",
        ) from None
    return made.astype(dtype_of(column, double=True) if column.kind != TEXT else str)[:, np.newaxis]


def _as_text(values: Any) -> Any:
    """Text; whole numbers as their digits, and a missing number as an empty text, because tables do not tell numbers from text."""
    if values.dtype.kind in "US":
        return values.astype(str)
    return np.array([_word(value) for value in values.tolist()], dtype=str)


def _word(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _as_numbers(column: Column, values: Any) -> Any:
    if values.dtype.kind in "US":
        values = np.array([_number(str(value)) for value in values])
    if column.kind in (WHOLE, TRUTH):
        whole = np.asarray(values, np.float64) if values.dtype.kind == "f" else values
        if whole.dtype.kind == "f" and not np.array_equal(whole, np.rint(whole)):
            raise ValueError(column.kind)
        if column.kind == TRUTH and not np.isin(whole, (0, 1)).all():
            raise ValueError(column.kind)
    return values


def _number(text: str) -> float:
    if text in _TRUE | _FALSE:
        return float(text in _TRUE)
    return float(text or "nan")
