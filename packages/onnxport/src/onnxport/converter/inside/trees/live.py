"""What the user gave beside an object of their process, as the matrix that the ONNX model takes. Runs in the user's process."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onnxport.converter.interface import ConversionRefused

Categories = Mapping[int, Sequence[Any]]


def matrix_of(example: Any, categories: Categories | None = None, dtype: Any = np.float32) -> Any:
    """Numbers [rows, columns] of `dtype`. A column of categories in a data frame becomes their places, as these frameworks number them.

    `categories` gives the model's own order of them per column; without it, the data frame's order counts.
    """
    if isinstance(example, (tuple, list)) and len(example) == 1:
        example = example[0]
    if isinstance(example, Mapping):
        columns = list(example.values())
        example = columns[0] if len(columns) == 1 else np.stack(columns, axis=-1)
    if hasattr(example, "columns") and hasattr(example, "iloc"):
        return _frame(example, categories or {}, dtype)
    if hasattr(example, "toarray"):
        example = example.toarray()
    try:
        return np.asarray(example).astype(dtype)
    except (TypeError, ValueError):
        raise ConversionRefused(
            f"the example is a {type(example).__name__}, in which no rows of numbers can be seen",
            "Give the rows themselves: an array or a data frame.",
        ) from None


def own_input(example: Any, sample: Mapping[str, Any]) -> Any:
    """The example for the object itself: a data frame with its fractions as float32, which the ONNX model gets; else the matrix."""
    if not hasattr(example, "columns") or not hasattr(example, "iloc"):
        return sample["X"]
    wide = [
        name
        for name, kind in zip(example.columns, example.dtypes, strict=True)
        if str(kind) == "float64"
    ]
    return example.astype(dict.fromkeys(wide, "float32"))


def _frame(frame: Any, categories: Categories, dtype: Any) -> Any:
    made = np.empty((len(frame), len(frame.columns)), dtype)
    for position in range(made.shape[1]):
        column = frame.iloc[:, position]
        if str(column.dtype) == "category":
            if known := categories.get(position):
                column = column.cat.set_categories(list(known))
            codes = np.asarray(column.cat.codes, dtype)
            made[:, position] = np.where(codes < 0, np.nan, codes)
        else:
            made[:, position] = column.to_numpy(dtype, na_value=np.nan)
    return made
