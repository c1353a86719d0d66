"""`IterativeImputer` as ONNX nodes: its models one after another, each on what the ones before it filled."""

from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.graph import Graph
from onnxport.converter.inside.sklearn.inner import answers_of, as_variable
from onnxport.converter.inside.sklearn.parts import kept_columns
from onnxport.converter.inside.sklearn.preparing import missing_in
from onnxport.converter.interface import ConversionRefused


def fill_by_models(scope: Any, operator: Any, container: Any) -> None:
    """First what the initial imputer fills, then round by round what each model says."""
    graph = Graph(scope, operator, container)
    imputer = operator.raw_operator
    if imputer.sample_posterior:
        raise ConversionRefused(
            "the IterativeImputer draws what it fills at random (sample_posterior=True), which nothing can give again",
            "Fit it with sample_posterior=False.",
        )
    first = imputer.initial_imputer_
    columns = graph.columns(imputer.n_features_in_)
    masks = [missing_in(graph, name, imputer.missing_values) for name, _ in columns]
    kept = kept_columns(first)
    values = [
        graph.add(
            "Where",
            masks[at],
            graph.numbers([[_number(first.statistics_[at])]]),
            graph.as_numbers(columns[at][0]),
        )
        for at in kept
    ]
    for feature, others, model in imputer.imputation_sequence_ if imputer.n_iter_ else ():
        place = int(feature)
        seen = as_variable(graph, graph.side_by_side([values[at] for at in others]), len(others))
        said = graph.reshape(graph.as_numbers(answers_of(graph, model, [seen])[0]), -1, 1)
        said = _within(graph, said, imputer._min_value[place], imputer._max_value[place])  # noqa: SLF001
        values[place] = graph.add("Where", masks[kept[place]], said, values[place])
    if imputer.add_indicator:
        values += [graph.as_numbers(masks[at]) for at in imputer.indicator_.features_]
    graph.give(graph.side_by_side(values))


def _number(value: Any) -> float:
    return 0.0 if np.isnan(value) else float(value)


def _within(graph: Graph, value: str, low: float, high: float) -> str:
    if np.isfinite(low):
        value = graph.add("Max", value, graph.numbers(low))
    return graph.add("Min", value, graph.numbers(high)) if np.isfinite(high) else value
