"""ColumnTransformer and FeatureUnion: which columns go to which step, in which type, and how the results come together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from skl2onnx._parse import _parse_sklearn
from sklearn.preprocessing import FunctionTransformer

from onnxport.converter.inside.sklearn.graph import INPUT, Graph, Precision, is_text, width_of
from onnxport.converter.inside.sklearn.parts import PASSED, classes_of, positions
from onnxport.converter.interface import ConversionRefused

# Steps that take each column in its own type.
_COLUMN_BY_COLUMN = classes_of(
    "sklearn.compose.ColumnTransformer",
    "sklearn.feature_extraction.text.CountVectorizer",
    "sklearn.impute.MissingIndicator",
    "sklearn.impute.SimpleImputer",
    "sklearn.pipeline.FeatureUnion",
    "sklearn.preprocessing.OneHotEncoder",
    "sklearn.preprocessing.OrdinalEncoder",
    "sklearn.preprocessing.TargetEncoder",
)
_Column = tuple[Any, int]


def parse_columns(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """`ColumnTransformer`: each step on its columns; one matrix of numbers, or several tensors where text is among the results."""
    columns = _columns(inputs, model.n_features_in_)
    results: list[Any] = []
    weights = model.transformer_weights or {}
    for name, step, chosen in model.transformers_:
        places = positions(chosen, model)
        if step in ("drop", None) or not places:
            continue
        given = [columns[place] for place in places]
        made = _applied(scope, step, given, name, custom_parsers)
        results += (
            [_weighted(scope, variable, weights[name]) for variable in made]
            if name in weights
            else made
        )
    return _joined(scope, results)


def parse_union(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """`FeatureUnion`: each step on all columns."""
    results: list[Any] = []
    weights = model.transformer_weights or {}
    for name, step in model.transformer_list:
        if step == "drop":
            continue
        made = inputs
        if step != "passthrough":
            made = _parse_sklearn(scope, step, inputs, custom_parsers=custom_parsers)
        results += (
            [_weighted(scope, variable, weights[name]) for variable in made]
            if name in weights
            else made
        )
    return _joined(scope, results)


def choose_columns(scope: Any, operator: Any, container: Any) -> None:
    """Columns of several tensors side by side, as one type."""
    graph = Graph(scope, operator, container)
    parts = []
    for variable, (first, places) in zip(operator.inputs, operator.chosen, strict=True):
        name = variable.full_name
        if places is not None:
            at = graph.constant(np.array(places, np.int64) - first)
            name = graph.add("Gather", name, at, axis=1)
        same = is_text(variable) or operator.keeps_type
        parts.append(name if same else graph.as_numbers(name))
    result = graph.side_by_side(parts)
    if operator.weight is not None:
        result = graph.add("Mul", result, graph.numbers(operator.weight))
    graph.give(result)


def keep_shape(_: Any) -> None:
    """Shapes were stated when the columns were chosen."""


def join(scope: Any, variables: Sequence[Any]) -> Any:
    """Tensors of numbers side by side."""
    return _chosen(
        scope, [(v, (0, None)) for v in variables], _total(variables), Precision.tensor()
    )


def _applied(
    scope: Any, step: Any, given: list[_Column], name: str, custom_parsers: Any
) -> list[Any]:
    if step == PASSED:
        return _gathered(scope, given, by_kind=True)
    first = _first(step)
    identity = isinstance(first, FunctionTransformer) and first.func is None
    if isinstance(first, _COLUMN_BY_COLUMN) or identity:
        inputs = _gathered(scope, given, by_kind=True)
    elif any(is_text(variable) for variable, _ in given):
        raise ConversionRefused(
            f"the step '{name}' of a ColumnTransformer gives text to a {type(first).__name__}",
            "Encode the text first, with OneHotEncoder, OrdinalEncoder, TargetEncoder or TfidfVectorizer.",
        )
    else:
        inputs = _gathered(scope, given, by_kind=False)
    return list(_parse_sklearn(scope, step, inputs, custom_parsers=custom_parsers))


def _first(step: Any) -> Any:
    return _first(step.steps[0][1]) if hasattr(step, "steps") else step


def _columns(inputs: Sequence[Any], count: int) -> dict[int, _Column]:
    """The tensor of each column, and its place in it; the model's own inputs say which column they are."""
    if len(inputs) == 1 and not _column_of(inputs[0]):
        return {place: (inputs[0], place) for place in range(count)}
    if all(_column_of(variable) for variable in inputs):
        return {int(_column_of(variable)): (variable, 0) for variable in inputs}
    listed = [(variable, place) for variable in inputs for place in range(width_of(variable) or 1)]
    return dict(enumerate(listed))


def _column_of(variable: Any) -> str:
    found = INPUT.fullmatch(variable.raw_name)
    return found[1] if found else ""


def _gathered(scope: Any, columns: list[_Column], *, by_kind: bool) -> list[Any]:
    """One tensor of these columns where they are of one type, or with `by_kind` not; else one for each."""
    kinds = {variable.type.__class__ for variable, _ in columns}
    if by_kind and len(kinds) > 1:
        return [_gathered(scope, [column], by_kind=True)[0] for column in columns]
    pieces: list[tuple[Any, tuple[int, list[int] | None]]] = []
    for variable, place in columns:
        if pieces and pieces[-1][0] is variable:
            places = pieces[-1][1][1]
            assert places is not None
            places.append(place)
        else:
            pieces.append((variable, (0, [place])))
    plain = [
        (v, (0, None if width_of(v) == len(p or ()) and p == list(range(width_of(v) or 0)) else p))
        for v, (_, p) in pieces
    ]
    kind = next(iter(kinds)) if by_kind else Precision.tensor().__class__
    if len(plain) == 1 and plain[0][1][1] is None and isinstance(plain[0][0].type, kind):
        return [plain[0][0]]
    return [_chosen(scope, plain, len(columns), kind(), keeps_type=by_kind)]


def _chosen(
    scope: Any,
    pieces: Sequence[tuple[Any, tuple[int, Any]]],
    width: int | None,
    kind: Any,
    *,
    weight: float | None = None,
    keeps_type: bool = False,
) -> Any:
    operator = scope.declare_local_operator("OnnxportColumns")
    operator.inputs = [variable for variable, _ in pieces]
    operator.chosen = [place for _, place in pieces]
    operator.weight, operator.keeps_type = weight, keeps_type
    made = scope.declare_local_variable("columns", kind.__class__([None, width]))
    operator.outputs.append(made)
    return made


def _weighted(scope: Any, variable: Any, weight: float) -> Any:
    return _chosen(
        scope, [(variable, (0, None))], width_of(variable), Precision.tensor(), weight=weight
    )


def _joined(scope: Any, variables: list[Any]) -> list[Any]:
    texts = [is_text(variable) for variable in variables]
    if len(variables) <= 1 or (any(texts) and not all(texts)):
        return variables
    if all(texts):
        kind = variables[0].type
        pieces = [(variable, (0, None)) for variable in variables]
        return [_chosen(scope, pieces, _total(variables), kind, keeps_type=True)]
    return [join(scope, variables)]


def _total(variables: Sequence[Any]) -> int | None:
    widths = [width_of(variable) for variable in variables]
    return None if None in widths else sum(w for w in widths if w is not None)
