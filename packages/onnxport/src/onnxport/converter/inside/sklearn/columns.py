"""What a model takes: one matrix of numbers, or one input per column with the column's name and type.

The types of columns are not kept in a fitted model. They follow from what it learned: categories are text, whole numbers, numbers or
truth values, and so are the values that fill gaps; everything else computes with numbers. Only what is passed through and never used
needs the user's sample.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.missing import takes_missing
from onnxport.converter.inside.sklearn.parts import PASSED, is_missing, last_step, seen_parts
from onnxport.converter.interface import ConversionRefused

TEXT, WHOLE, TRUTH, NUMBER, DOUBLE = "text", "whole number", "truth value", "number", "double"
# Where several parts see a column: the first of these that one of them needs.
_STRONGEST = (TEXT, TRUTH, DOUBLE, WHOLE, NUMBER)
_EXACT_IN_FLOAT32 = 1 << 24
MATRIX = "X"
_WITHOUT_COLUMNS = {
    "HashingVectorizer": "text by a hash of its words, for which ONNX has no operator",
    "FeatureHasher": "dictionaries, which are no tensors",
    "DictVectorizer": "dictionaries, which are no tensors",
    "PatchExtractor": "images of any size",
}
_INSTEAD = "Use TfidfVectorizer or CountVectorizer for text, OneHotEncoder for categories."


@dataclass(frozen=True)
class Column:
    """A column of the model: what it is called, what it holds, and what the model knows of it.

    `missing` is what stands for a missing value in it (`None` or NaN) where `may_miss`; `categories` are the values that encoders know,
    `is_open` says that others are taken too; `terms` are the words that text is searched for. `place` counts the model's columns.
    """

    name: str
    place: int
    kind: str
    may_miss: bool = False
    missing: Any = float("nan")
    categories: tuple[Any, ...] = ()
    is_open: bool = True
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """The inputs of a model: a matrix of `width` columns, or the columns that it uses by name.

    `names` are all its column names where it was fitted on a data frame; `documents` says that it takes a plain list of texts,
    `objects` that an encoder learned numbers as Python's objects, and compares with nothing else.
    """

    columns: tuple[Column, ...]
    width: int
    is_matrix: bool
    names: tuple[str, ...] = ()
    documents: bool = False
    objects: bool = False


@dataclass
class _Known:
    kinds: set[str] = field(default_factory=set)
    missing: list[Any] = field(default_factory=list)
    categories: dict[Any, None] = field(default_factory=dict)
    is_open: bool = True
    terms: dict[str, None] = field(default_factory=dict)
    passed: bool = False


def inputs_of(model: Any, sample: Mapping[str, Any] | None) -> Inputs:
    """The inputs of a fitted model. Raises `ConversionRefused` where a type is known neither from the model nor from the sample."""
    width = _width_of(model, sample)
    if width is None:
        return Inputs((_document(model),), 1, is_matrix=False, documents=True)
    names = tuple(str(name) for name in getattr(model, "feature_names_in_", ()))
    known = [_Known() for _ in range(width)]
    objects = False
    for part, places in seen_parts(model, range(width)):
        _learn(part, [_Known() if place is None else known[place] for place in places])
        objects = objects or _knows_objects(part)
    kinds = [_kind(k) for k in known]
    plain = all(kind in (NUMBER, None) for kind in kinds) or not _needs_columns(known, kinds)
    if plain and not _asks_by_name(model) and not _text_where_open(known, names, sample, width):
        columns = [_column(str(at), at, k, NUMBER) for at, k in enumerate(known)]
        return Inputs(tuple(columns), width, is_matrix=True, names=names)
    labels = names or tuple(f"x{at}" for at in range(width))
    found = []
    for at, entry in enumerate(known):
        kind = kinds[at]
        if kind is None and not entry.passed:
            continue  # The model never looks at it.
        found.append(
            _column(labels[at], at, entry, kind or _kind_of_passed(model, sample, labels, at))
        )
    return Inputs(tuple(found), width, is_matrix=False, names=names, objects=objects)


def kind_of_values(values: Any) -> str:
    """What a column of an array holds."""
    kind = values.dtype.kind
    if kind in "US":
        return TEXT
    return {"b": TRUTH, "i": WHOLE, "u": WHOLE}.get(kind, NUMBER)


def _width_of(model: Any, sample: Mapping[str, Any] | None) -> int | None:
    """How many columns the model takes; `None` for a list of texts."""
    width = getattr(model, "n_features_in_", None)
    if hasattr(last_step(model), "X_thresholds_") and width is None:
        return 1  # An isotonic regression does not count its column.
    for part, _ in seen_parts(model, (0,)) if width is None else ():
        if (name := type(part).__name__) in _WITHOUT_COLUMNS:
            raise ConversionRefused(f"the {name} takes {_WITHOUT_COLUMNS[name]}", _INSTEAD)
    if width is None and any(hasattr(p, "vocabulary_") for p, _ in seen_parts(model, (0,))):
        return None
    if width is None and sample is not None:
        width = next(iter(sample.values())).shape[-1]
    if width is None:
        raise ConversionRefused(
            f"the {type(model).__name__} does not say how many columns it takes",
            "Give a sample of its input with --sample.",
        )
    return int(width)


def _document(model: Any) -> Column:
    known = _Known()
    for part, _ in seen_parts(model, (0,)):
        _learn(part, [known])
    return _column(MATRIX, 0, known, TEXT)


def _learn(part: Any, known: Sequence[_Known]) -> None:
    """Note what one part says about the columns that it sees."""
    if isinstance(part, str) and part == PASSED:
        for entry in known:
            entry.passed = True
    elif hasattr(part, "vocabulary_") and not callable(getattr(part, "analyzer", None)):
        for entry in known:
            entry.kinds.add(TEXT)
            entry.terms.update(dict.fromkeys(part.vocabulary_))
    elif isinstance(getattr(part, "categories_", None), list):
        for entry, categories in zip(known, part.categories_, strict=False):
            _learn_categories(entry, categories, part)
    elif hasattr(part, "statistics_"):
        for entry, value in zip(known, part.statistics_, strict=False):
            entry.kinds.add(TEXT if isinstance(value, str) else NUMBER)
            if is_missing(part.missing_values) or isinstance(part.missing_values, str):
                entry.missing.append(part.missing_values)
    else:
        for entry in known:
            entry.kinds.add(NUMBER)
            entry.missing += [math.nan] if takes_missing(part) else []


def _learn_categories(entry: _Known, categories: Any, part: Any) -> None:
    values = [c.item() if hasattr(c, "item") else c for c in categories]
    entry.missing += [value for value in values if is_missing(value)]
    real = [value for value in values if not is_missing(value)]
    entry.categories.update(dict.fromkeys(real))
    entry.is_open &= getattr(part, "handle_unknown", "ignore") != "error"
    entry.kinds.add(_kind_of_categories(real, categories.dtype))


def _knows_objects(part: Any) -> bool:
    """Whether it is an encoder that was fitted on numbers as objects: a frame of numbers and truth values becomes such a matrix."""
    listed = getattr(part, "categories_", None)
    return isinstance(listed, list) and any(
        categories.dtype == object
        and any(isinstance(value, (int, float)) and not is_missing(value) for value in categories)
        for categories in listed
    )


def _kind_of_categories(values: Sequence[Any], dtype: Any) -> str:
    types = {type(value) for value in values}
    if not types:
        return TEXT if dtype.kind in "OUS" else NUMBER
    if types == {str}:
        return TEXT
    if types == {bool}:
        return TRUTH
    if types == {int}:
        return WHOLE if dtype.kind in "iu" or max(map(abs, values)) > _EXACT_IN_FLOAT32 else NUMBER
    if types <= {int, float, bool}:
        exact = all(float(np.float32(value)) == value for value in values)
        return NUMBER if exact else DOUBLE
    shown = ", ".join(sorted(t.__name__ for t in types))
    raise ConversionRefused(
        f"an encoder knows categories of several types in one column ({shown}), which an ONNX tensor cannot hold",
        "Make the column all text or all numbers before fitting.",
    )


def _kind(known: _Known) -> str | None:
    return next((kind for kind in _STRONGEST if kind in known.kinds), None)


def _needs_columns(known: Sequence[_Known], kinds: Sequence[str | None]) -> bool:
    """Whether the columns do not fit into one matrix of float32."""
    if any(kind in (TEXT, DOUBLE) for kind in kinds):
        return True
    return any(
        isinstance(value, int) and abs(value) > _EXACT_IN_FLOAT32
        for entry in known
        for value in entry.categories
    )


def _text_where_open(
    known: Sequence[_Known], names: Sequence[str], sample: Mapping[str, Any] | None, width: int
) -> bool:
    """Whether the sample holds text in a column of which the model knows nothing."""
    if sample is None or not any(entry.passed and not entry.kinds for entry in known):
        return False
    labels = names or tuple(f"x{at}" for at in range(width))
    return any(
        not entry.kinds and label in sample and kind_of_values(sample[label]) == TEXT
        for entry, label in zip(known, labels, strict=True)
    )


def _asks_by_name(model: Any) -> bool:
    """Whether a ColumnTransformer that sees the input was told columns by their names."""
    return any(
        isinstance(chosen, str)
        or (
            not isinstance(chosen, slice)
            and not np.isscalar(chosen)
            and any(isinstance(entry, str) for entry in chosen)
        )
        or (isinstance(chosen, slice) and isinstance(chosen.start or chosen.stop, str))
        for part in _transformers_in(model)
        for name, _, chosen in part.transformers_
        if name != "remainder"
    )


def _transformers_in(model: Any) -> Iterator[Any]:
    """The ColumnTransformers at the front of a model."""
    if type(model).__name__ == "FrozenEstimator":
        yield from _transformers_in(model.estimator)
    elif hasattr(model, "transformers_"):
        yield model
    elif hasattr(model, "steps"):
        steps = [step for _, step in model.steps if not isinstance(step, str) and step is not None]
        yield from _transformers_in(steps[0]) if steps else ()
    else:
        inner = [getattr(model, n, None) for n in ("best_estimator_", "estimator_", "regressor_")]
        inner += [
            getattr(c, "estimator", None) for c in getattr(model, "calibrated_classifiers_", ())
        ]
        inner += list(np.ravel(np.array(getattr(model, "estimators_", []), dtype=object)))
        for part in inner:
            if hasattr(part, "get_params"):
                yield from _transformers_in(part)


def _column(name: str, place: int, known: _Known, kind: str) -> Column:
    made = Column(
        name,
        place,
        kind,
        may_miss=bool(known.missing) and kind not in (WHOLE, TRUTH),
        categories=tuple(known.categories),
        is_open=known.is_open,
        terms=tuple(known.terms),
    )
    if known.missing:
        made = replace(made, missing=known.missing[0])
    if kind == TEXT and made.may_miss and is_missing(made.missing) and "" in known.categories:
        raise ConversionRefused(
            f"in the column '{name}' an empty text is a category, and missing values have a meaning too; in ONNX both are an empty text",
            "Fit the model on a column in which one of them is replaced by a word.",
        )
    return made


def _kind_of_passed(
    model: Any, sample: Mapping[str, Any] | None, labels: Sequence[str], place: int
) -> str:
    """What a column holds of which the model knows nothing: numbers where an estimator computes with it, else as the sample says."""
    if hasattr(model, "predict"):
        return NUMBER
    if sample is not None and labels[place] in sample:
        return kind_of_values(sample[labels[place]])
    raise ConversionRefused(
        f"the model passes the column '{labels[place]}' through, and what it holds is not kept in the file",
        f"Give a few rows with --sample, in a .csv or .json with the columns {', '.join(labels[:12])}.",
    )
