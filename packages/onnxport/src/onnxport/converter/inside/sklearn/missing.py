"""Which estimators have a rule for missing values (NaN)."""

from typing import Any

import numpy as np


def takes_missing(part: Any) -> bool:
    """Whether what happens to missing numbers is part of an estimator, and the ONNX model is made to do the same."""
    if getattr(part, "func", None) is np.nan_to_num:
        return True
    if type(part).__name__ in {"KNNImputer", "IterativeImputer"}:
        return True
    return hasattr(part, "_predictors") or any(any(side) for side in _sides(part))


def _sides(last: Any) -> list[list[int]]:
    """Per tree, in node order: 1 where missing values go left. Empty for anything but a tree or a forest."""
    forest = getattr(last, "estimators_", None)
    is_forest = type(last).__module__ == "sklearn.ensemble._forest"
    trees = list(forest) if is_forest and forest is not None else [last]
    if not all(hasattr(getattr(tree, "tree_", None), "missing_go_to_left") for tree in trees):
        return []
    return [np.asarray(tree.tree_.missing_go_to_left).astype(int).tolist() for tree in trees]
