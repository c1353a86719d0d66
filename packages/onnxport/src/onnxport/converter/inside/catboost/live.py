"""An object of CatBoost in the user's process: its input and its own answers. Only numpy and what the user has are imported."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxport.converter.inside.catboost.sample import renditions
from onnxport.converter.inside.trees.labels import plain_labels
from onnxport.converter.inside.trees.live import matrix_of, own_input
from onnxport.converter.interface import Case, ConversionRefused


def sample_of(model: Any, example: Any) -> dict[str, Any]:
    """The example as arrays that a file can hold: the matrix `X`, or with columns of categories one array per column, by its name."""
    categorical = set(model.get_cat_feature_indices())
    if not categorical:
        return {"X": matrix_of(example)}
    names = [str(name) for name in model.feature_names_]
    columns = _columns(example, len(names))
    return {
        name: _texts(column) if place in categorical else np.asarray(column, np.float32)
        for place, (name, column) in enumerate(zip(names, columns, strict=True))
    }


def _columns(example: Any, width: int) -> list[Any]:
    """The columns in the model's order; a column of a data frame's categories as what these stand for."""
    if isinstance(example, (tuple, list)) and len(example) == 1:
        example = example[0]
    if hasattr(example, "columns") and hasattr(example, "iloc"):
        columns = [example.iloc[:, place].to_numpy() for place in range(len(example.columns))]
    elif isinstance(example, Mapping):
        columns = [np.asarray(column).reshape(-1) for column in example.values()]
    elif isinstance(example, np.ndarray):
        columns = list(np.atleast_2d(example).T)
    elif not isinstance(example, (tuple, list)):
        raise ConversionRefused(
            f"the example is a {type(example).__name__}, in which no rows can be seen",
            "Give the rows themselves: a data frame, an array or a list of rows.",
        )
    else:
        rows = example if isinstance(example[0], (tuple, list)) else [example]
        columns = [np.array(column, object) for column in zip(*rows, strict=True)]
    if len(columns) != width:
        raise ConversionRefused(
            f"the example has {len(columns)} columns; the model takes {width}",
            "Give rows as the model was trained on.",
        )
    return columns


def _texts(column: Any) -> Any:
    """Categories as whole numbers where all are such, else as texts."""
    if column.dtype.kind in "biu":
        return column.astype(np.int64)
    values = column.tolist()
    if all(isinstance(value, (bool, int)) for value in values):
        return np.array(values, np.int64)
    return np.array(renditions(column)[0])


def cases_of(model: Any, example: Any, sample: Mapping[str, Any]) -> tuple[Case, ...]:
    """What a classifier of numbers gives for the example; other models' answers come with the converter's own cases."""
    if not hasattr(model, "predict_proba") or model.get_cat_feature_indices():
        return ()
    given = own_input(example, sample)
    predicted = np.asarray(model.predict(given))
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        labels = predicted.astype(np.int64)
    else:
        places = {str(own): place for place, own in enumerate(np.asarray(model.classes_).tolist())}
        names = np.array(plain_labels(model.classes_))
        labels = names[[places[str(entry)] for entry in predicted.reshape(-1).tolist()]]
    expected = {"label": labels, "probabilities": np.asarray(model.predict_proba(given))}
    return (Case("sample", sample, expected),)
