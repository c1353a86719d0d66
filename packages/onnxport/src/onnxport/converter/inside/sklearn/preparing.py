"""Steps in front of estimators as ONNX nodes: filling and marking of missing values, bins, and choosing columns."""

from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.graph import Graph, Precision, is_text, width_of
from onnxport.converter.inside.sklearn.parts import is_missing, kept_columns


def fill_missing(scope: Any, operator: Any, container: Any) -> None:
    """`SimpleImputer` of numbers and of text, with the columns that say what was missing."""
    graph = Graph(scope, operator, container)
    imputer = operator.raw_operator
    columns = graph.columns(len(imputer.statistics_))
    masks = [
        missing_in(graph, name, imputer.missing_values, text=is_text(v)) for name, v in columns
    ]
    filled = []
    for at in kept_columns(imputer):
        name, variable = columns[at]
        value = imputer.statistics_[at]
        if is_text(variable):
            constant = graph.constant(np.array([[str(value)]]))
        else:
            name, constant = graph.as_numbers(name), graph.numbers([[float(value)]])
        filled.append(graph.add("Where", masks[at], constant, name))
    if imputer.add_indicator and imputer.indicator_.features_.size:
        filled += [graph.as_numbers(masks[at]) for at in imputer.indicator_.features_]
    if len(operator.outputs) == 1:
        graph.give(graph.side_by_side(filled))
        return
    for place, name in enumerate(filled):
        graph.give(name, place)


def parse_imputer(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """One matrix where all columns are of one kind; else column by column."""
    operator = scope.declare_local_operator("OnnxportImputer", model)
    operator.inputs = inputs
    texts = [is_text(v) for v in inputs for _ in range(_width(v, model, inputs))]
    kinds = [texts[at] for at in kept_columns(model)]
    if model.add_indicator:
        kinds += [False] * model.indicator_.features_.size
    for kind in kinds if len(set(kinds)) > 1 else kinds[:1]:
        made = inputs[texts.index(True)].type.__class__ if kind else Precision.tensor().__class__
        width = 1 if len(set(kinds)) > 1 else len(kinds)
        operator.outputs.append(scope.declare_local_variable("imputed", made([None, width])))
    return operator.outputs


def keep_shape(_: Any) -> None:
    """Shapes were stated when the step was parsed."""


def mark_missing(scope: Any, operator: Any, container: Any) -> None:
    """`MissingIndicator`."""
    graph = Graph(scope, operator, container)
    indicator = operator.raw_operator
    columns = graph.columns(indicator.n_features_in_)
    masks = [
        graph.as_numbers(missing_in(graph, name, indicator.missing_values, text=is_text(v)))
        for name, v in (columns[at] for at in indicator.features_)
    ]
    graph.give(graph.side_by_side(masks))


def set_marked_shape(operator: Any) -> None:
    """One column for each that had missing values."""
    operator.outputs[0].type = Precision.tensor(len(operator.raw_operator.features_))


def put_into_bins(scope: Any, operator: Any, container: Any) -> None:
    """`KBinsDiscretizer`: how many inner edges a value reaches. Edges are rounded up, so that float32 values fall as float64 ones do."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    last = graph.constant(np.array([1], np.int64))
    parts = []
    for at, (name, _) in enumerate(graph.columns(len(step.bin_edges_))):
        inner = step.bin_edges_[at][1:-1]
        edges = graph.constant(_rounded_up(inner)[np.newaxis])
        reached = graph.cast(graph.add("GreaterOrEqual", graph.as_numbers(name), edges), np.int64)
        place = graph.add("ReduceSum", reached, last, keepdims=1)
        if step.encode == "ordinal":
            parts.append(graph.as_numbers(place))
            continue
        depth = graph.constant(np.array(int(step.n_bins_[at]), np.int64))
        flat = graph.reshape(place, -1)
        parts.append(graph.one_hot(flat, depth))
    graph.give(graph.side_by_side(parts))


def set_binned_shape(operator: Any) -> None:
    """One column for each, or one for each bin."""
    step = operator.raw_operator
    width = len(step.bin_edges_) if step.encode == "ordinal" else int(sum(step.n_bins_))
    operator.outputs[0].type = Precision.tensor(width)


def select(scope: Any, operator: Any, container: Any) -> None:
    """The columns that a feature selection keeps."""
    graph = Graph(scope, operator, container)
    kept = operator.raw_operator.get_support(indices=True).astype(np.int64)
    graph.give(graph.add("Gather", graph.matrix(), graph.constant(kept), axis=1))


def set_selected_shape(operator: Any) -> None:
    """As many columns as are kept."""
    operator.outputs[0].type = Precision.tensor(int(operator.raw_operator.get_support().sum()))


def normalise_rows(scope: Any, operator: Any, container: Any) -> None:
    """`Normalizer`: each row by its length; a row of zeros stays as it is."""
    graph = Graph(scope, operator, container)
    rows = graph.matrix()
    norm = operator.raw_operator.norm
    axis = graph.constant(np.array([1], np.int64))
    if norm == "max":
        length = graph.add("ReduceMax", graph.add("Abs", rows), axis, keepdims=1)
    else:
        length = graph.add({"l1": "ReduceL1", "l2": "ReduceL2"}[norm], rows, axis, keepdims=1)
    none = graph.add("Equal", length, graph.numbers(0))
    graph.give(graph.add("Div", rows, graph.add("Where", none, graph.numbers(1), length)))


def set_named_shape(operator: Any) -> None:
    """As many columns as the step names."""
    operator.outputs[0].type = Precision.tensor(len(operator.raw_operator.get_feature_names_out()))


def _width(variable: Any, model: Any, inputs: Any) -> int:
    return len(model.statistics_) if len(inputs) == 1 else width_of(variable) or 1


def missing_in(graph: Graph, name: str, marker: Any, *, text: bool = False) -> str:
    """Which values of a column are missing: those equal to the marker. An empty text stands for a missing one."""
    if text:
        constant = "" if is_missing(marker) else str(marker)
        return graph.add("Equal", name, graph.constant(np.array([[constant]])))
    value = graph.as_numbers(name)
    if is_missing(marker):
        return graph.add("IsNaN", value)
    return graph.add("Equal", value, graph.numbers([[float(marker)]]))


def _rounded_up(values: Any) -> Any:
    if Precision.double:
        return np.asarray(values, np.float64)
    nearest = np.asarray(values, np.float32)
    above = np.nextafter(nearest, np.float32(np.inf))
    return np.where(nearest < values, above, nearest).astype(np.float32)
