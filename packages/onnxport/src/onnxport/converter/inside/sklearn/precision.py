"""Whether a model's answers hang on digits that float32 does not hold."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.parts import flat, steps_of

# Steps that give their numbers as they came, or numbers of their own.
_NOTHING_COMPUTED = {
    "Binarizer",
    "CountVectorizer",
    "KBinsDiscretizer",
    "LabelBinarizer",
    "MissingIndicator",
    "OneHotEncoder",
    "OrdinalEncoder",
    "SimpleImputer",
    "TargetEncoder",
}
_INSIDE = ("best_estimator_", "estimator_", "final_estimator_", "regressor_")


def hangs_on_digits(model: Any) -> bool:
    """Whether it has splits at float64 values: of HistGradientBoosting, of trees behind a step that computes in float64, edges of bins.

    A value of the data often is such a threshold, or lies in the middle of two: 0.3, say, which is another number in float32. So it is
    with rows that are as far from each other as others are, and with values that several quantiles share.
    """
    return any(
        _splits_of_float64(part, after) or _compares_float64(part)
        for part, after in _parts(model, after=False)
    )


def _compares_float64(part: Any) -> bool:
    """Whether it compares what it gets with values of float64: of neighbours, bins, and quantiles where there is a jump."""
    if hasattr(part, "bin_edges_"):
        return any(_is_finer(edges[1:-1]) for edges in part.bin_edges_)
    if getattr(part, "output_distribution", None) == "normal":
        return True  # Near its ends all digits count.
    if hasattr(part, "quantiles_"):
        return any(_is_finer(column[1:][np.diff(column) == 0]) for column in part.quantiles_.T)
    held = _rows_compared_with(part)
    # Of float32 values too distances are computed in float64.
    return held is not None and (held.dtype == np.float32 or _is_finer(held))


def may_find_equally_far(model: Any) -> bool:
    """Whether it chooses among rows of its training of which several may be as far: those in which every column repeats its values."""
    for part, _ in _parts(model, after=False):
        held = _rows_compared_with(part) if hasattr(part, "n_neighbors") else None
        if held is not None and all(len(np.unique(column)) < len(held) for column in held.T):
            return True
    return False


def _rows_compared_with(part: Any) -> Any:
    """The rows, or centres, whose distances to its input decide; `None` for other models."""
    by_distance = any(hasattr(part, name) for name in ("n_neighbors", "radius"))
    held: Any = getattr(part, "_fit_X", getattr(part, "X_", None)) if by_distance else None
    held = held.toarray() if hasattr(held, "toarray") else held
    held = getattr(part, "centroids_", held)
    return held if isinstance(held, np.ndarray) else None


def _is_finer(values: Any) -> bool:
    """Whether any of the values is another one in float32."""
    array = np.asarray(values, np.float64)
    known = array[np.isfinite(array)]
    return bool(np.any(known.astype(np.float32) != known))


def _splits_of_float64(part: Any, after: bool) -> bool:
    if hasattr(part, "_predictors"):
        trees = [tree.nodes for one in part._predictors for tree in one]  # noqa: SLF001
        return after or any(_is_finer_than_float32(tree) for tree in trees)
    return after and hasattr(part, "tree_")


def _is_finer_than_float32(tree: Any) -> bool:
    values = tree["num_threshold"][(tree["is_leaf"] == 0) & (tree["is_categorical"] == 0)]
    return _is_finer(values)


def _parts(model: Any, *, after: bool) -> Iterator[tuple[Any, bool]]:
    """The estimators inside a model, and whether what they get was computed."""
    if isinstance(model, str) or model is None:
        return
    if hasattr(model, "steps"):
        for step in steps_of(model):
            yield from _parts(step, after=after)
            after = after or _computes(step)
        return
    yield model, after
    for _, step, *_ in (
        *getattr(model, "transformers_", ()),
        *getattr(model, "transformer_list", ()),
    ):
        yield from _parts(step, after=after)
    for name in _INSIDE:
        stacked = name == "final_estimator_"
        yield from _parts(getattr(model, name, None), after=after or stacked)
    for listed in (
        getattr(model, "estimators_", ()),
        [getattr(c, "estimator", None) for c in getattr(model, "calibrated_classifiers_", ())],
    ):
        for part in flat(listed):
            yield from _parts(part, after=after)


def _computes(step: Any) -> bool:
    if isinstance(step, str) or step is None:
        return False
    if hasattr(step, "steps"):
        return any(_computes(inner) for inner in steps_of(step))
    if hasattr(step, "transformers_"):
        return any(_computes(inner) for _, inner, _ in step.transformers_)
    if hasattr(step, "transformer_list"):
        return any(_computes(inner) for _, inner in step.transformer_list)
    if hasattr(step, "func"):
        return step.func is not None
    return not hasattr(step, "get_support") and type(step).__name__ not in _NOTHING_COMPUTED
