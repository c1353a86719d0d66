"""What a fitted scikit-learn model knows about the values of its input columns: thresholds, centres, means, support vectors, weights."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.parts import positions, seen_parts, steps_of

_MOST_POINTS = 2000
_ROWS = (
    *("cluster_centers_", "support_vectors_", "_fit_X", "X_train_", "X_fit_", "X_"),
    *("means_", "theta_", "centroids_", "subcluster_centers_", "location_"),
)


def known_values(model: Any, columns: int) -> list[list[float]]:
    """Per input column the values that the model holds about it; an empty list where it holds none."""
    known: list[list[float]] = [[] for _ in range(columns)]
    for part, places in seen_parts(model, range(columns)):
        if isinstance(part, str):  # passed on
            continue
        for points in _points_of(part, len(places)):
            for at, column in enumerate(places):
                if column is None:
                    continue
                known[column].extend(points[:_MOST_POINTS, at].tolist())
        for at, values in _thresholds_of(part):
            column = places[at] if 0 <= at < len(places) else None
            if column is not None:
                known[column].extend(values)
    return known


def known_rows(model: Any, columns: int) -> Any:
    """Whole rows that the model holds, [rows, columns]: those of its training that it compares with."""
    found = list(_behind(model, columns))
    for part, places in seen_parts(model, range(columns)):
        if places == tuple(range(columns)):
            found += _rows_of(part, columns)
    if not found:
        return np.zeros((0, columns))
    rows = np.concatenate(found).astype(float)[:_MOST_POINTS]
    gaps = np.isnan(rows)
    known = np.where(gaps, 0.0, rows).sum(axis=0) / np.maximum(1, (~gaps).sum(axis=0))
    return np.where(gaps, known, rows)


def _behind(model: Any, columns: int) -> Iterator[Any]:
    """The rows that the last step of a pipeline holds, as they were before the steps in front of it, where these can go back."""
    model = getattr(model, "best_estimator_", model)
    if not hasattr(model, "steps") or len(model.steps) == 1:
        return
    *before, last = steps_of(model)
    try:
        for rows in _rows_of(last, last.n_features_in_):
            made = rows[:_MOST_POINTS]
            for step in reversed(before):
                made = step.inverse_transform(made)
            yield from _fitting(np.asarray(made, float), columns)
    except (AttributeError, TypeError, ValueError):
        return  # There is no way back.


def _rows_of(part: Any, columns: int) -> list[Any]:
    return [rows for name in _ROWS for rows in _fitting(getattr(part, name, None), columns)]


def _points_of(part: Any, columns: int) -> Iterator[Any]:
    """Matrices [points, columns] of values that rows may take."""
    for name in _ROWS:
        yield from _fitting(getattr(part, name, None), columns)
    for low, high in (("data_min_", "data_max_"),):
        yield from _fitting(getattr(part, low, None), columns)
        yield from _fitting(getattr(part, high, None), columns)
    for middle, width in (("mean_", "scale_"), ("center_", "scale_"), ("theta_", "var_")):
        yield from _around(getattr(part, middle, None), getattr(part, width, None), columns)
    yield from _fitting(getattr(part, "statistics_", None), columns)
    yield from _around_weights(part, columns)


def _fitting(values: Any, columns: int) -> Iterator[Any]:
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu" and values.ndim in (1, 2):
        matrix = np.atleast_2d(values)
        if matrix.shape[1] == columns:
            yield matrix


def _around(middle: Any, width: Any, columns: int) -> Iterator[Any]:
    for centre in _fitting(middle, columns):
        spread = width if isinstance(width, np.ndarray) and width.shape[-1] == columns else 1.0
        for factor in (-2.0, -1.0, 0.0, 1.0, 2.0):
            yield centre + factor * spread


def _around_weights(part: Any, columns: int) -> Iterator[Any]:
    """For a linear model: values that move its sum by a few units, for a classifier around where its scores meet."""
    for matrix in _fitting(getattr(part, "coef_", None), columns):
        intercept = np.ravel(getattr(part, "intercept_", 0.0))
        size = np.abs(matrix).mean(axis=0)
        step = 2.0 / (np.where(size > 0, size, 1.0) * np.sqrt(columns))
        middle = np.zeros(columns)
        if hasattr(part, "classes_"):
            middle = np.linalg.lstsq(matrix, -np.ones(len(matrix)) * intercept, rcond=1e-4)[0]
        else:
            step *= max(1.0, float(np.abs(intercept).max()))
        yield middle + np.stack([-step, -step / 4, step / 4, step])


def _thresholds_of(part: Any) -> Iterator[tuple[int, list[float]]]:
    tree = getattr(part, "tree_", None)
    if tree is not None:
        for column in np.unique(tree.feature[tree.feature >= 0]):
            yield int(column), tree.threshold[tree.feature == column][:_MOST_POINTS].tolist()
    yield from _splits_of(part)
    for column, edges in enumerate(getattr(part, "bin_edges_", ())):
        yield column, np.asarray(edges).tolist()
    marker = getattr(part, "missing_values", None)
    if isinstance(marker, (int, float)):
        for column in range(getattr(part, "n_features_in_", 0)):
            yield column, [float(marker)]


def _splits_of(part: Any) -> Iterator[tuple[int, list[float]]]:
    preprocessor = getattr(part, "_preprocessor", None)
    order = None
    if preprocessor is not None:
        # Its trees see the columns in the order in which they were prepared.
        order = [p for _, _, c in preprocessor.transformers_ for p in positions(c, preprocessor)]
    for predictor in np.ravel(np.asarray(getattr(part, "_predictors", ()), dtype=object)):
        nodes = predictor.nodes[(predictor.nodes["is_leaf"] == 0)]
        nodes = nodes[nodes["is_categorical"] == 0]
        for column in np.unique(nodes["feature_idx"]):
            values = nodes["num_threshold"][nodes["feature_idx"] == column]
            at = int(column) if order is None else order[column]
            yield at, values[:_MOST_POINTS].tolist()
