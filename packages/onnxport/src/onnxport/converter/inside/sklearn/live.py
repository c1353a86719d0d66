"""A fitted estimator of the user's process: saved as a file, with what it gives for the user's example."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn import frames
from onnxport.converter.inside.sklearn.answers import answer, outputs_of, renamed_for
from onnxport.converter.inside.sklearn.columns import inputs_of
from onnxport.converter.interface import Case, ConversionRefused

Saved = tuple[Path, tuple[str, ...], Mapping[str, Any] | None, tuple[Case, ...]]


def saved(model: Any, example: Any, folder: Path) -> Saved:
    """Write the estimator with joblib; return the file, the packages that read it as it was written, the sample and the live answers."""
    import joblib
    import sklearn

    source = folder / "model.joblib"
    joblib.dump(model, source)
    packages = (f"scikit-learn=={sklearn.__version__}",)
    if example is None:
        return source, packages, None, ()
    sample = arrays_of(example)
    inputs = inputs_of(model, sample)
    given = frames.from_sample(inputs, sample)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = frames.for_model(inputs, given)
        outputs = renamed_for(inputs.columns, outputs_of(model, rows), is_matrix=inputs.is_matrix)
        expected = {output.name: answer(model, output, rows) for output in outputs}
    return source, packages, sample, (Case("sample", given, expected),)


def arrays_of(example: Any) -> dict[str, Any]:
    """An example as arrays by name: a data frame or a dictionary by its columns, anything else as the matrix `X`."""
    if isinstance(example, Mapping):
        return {str(name): _array(values) for name, values in example.items()}
    if hasattr(example, "columns") and hasattr(example, "to_numpy"):
        return {str(name): _array(example[name].to_numpy()) for name in example.columns}
    if isinstance(example, tuple) and len(example) == 1:
        example = example[0]
    if hasattr(example, "toarray"):
        example = example.toarray()
    return {"X": _array(example)}


def _array(values: Any) -> Any:
    """An array without objects: text with gaps as empty text, numbers with gaps as NaN."""
    array = np.asarray(values)
    if array.dtype.kind == "T":
        return array.astype(str)
    if array.dtype != object:
        return array
    listed = array.reshape(-1).tolist()
    some = [value for value in listed if not _is_gap(value)]
    if all(isinstance(value, str) for value in some) and some:
        texts = ["" if _is_gap(value) else value for value in listed]
        return np.array(texts, dtype=str).reshape(array.shape)
    if any(isinstance(value, str) for value in some):
        texts = ["" if _is_gap(value) else str(value) for value in listed]
        return np.array(texts, dtype=str).reshape(array.shape)
    try:
        numbers = [np.nan if _is_gap(value) else value for value in listed]
        return np.array(numbers, dtype=float).reshape(array.shape)
    except (TypeError, ValueError):
        raise ConversionRefused(
            "the example holds something that is neither text nor a number",
            "Give an example of numbers and text.",
        ) from None


def _is_gap(value: Any) -> bool:
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and value != value
