"""Trees in a graph of float64: scikit-learn rounds to float32 what they compare, except in HistGradientBoosting."""

from typing import Any

from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from onnxport.converter.inside.sklearn.graph import Graph, Precision

_OF_TREES = (
    "sklearn.tree.",
    "sklearn.ensemble._forest",
    "sklearn.ensemble._gb",
    "sklearn.ensemble._iforest",
)


class Rounded(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Rounds numbers to float32."""

    def __init__(self, n_features_in_: int) -> None:
        self.n_features_in_ = n_features_in_


def splits_float32(model: Any) -> bool:
    """Whether a model is of trees that round what they compare."""
    return hasattr(model, "predict") and type(model).__module__.startswith(_OF_TREES)


def with_rounding(model: Any) -> Any:
    """A model of such trees, in a graph of float64 behind a step that rounds."""
    if not Precision.double:
        return model
    return Pipeline([("rounded", Rounded(model.n_features_in_)), ("model", model)])


def round_numbers(scope: Any, operator: Any, container: Any) -> None:
    """`Rounded` as an ONNX node."""
    graph = Graph(scope, operator, container)
    graph.give(graph.cast(graph.matrix(), "float32"))


def parse_rounded(scope: Any, step: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """What follows must know at once that it gets float32."""
    operator = scope.declare_local_operator("OnnxportRounded", step)
    operator.inputs = inputs
    kind = FloatTensorType([None, step.n_features_in_])
    operator.outputs.append(scope.declare_local_variable("rounded", kind))
    return operator.outputs


def set_rounded_shape(operator: Any) -> None:
    """As many columns as there were."""
    operator.outputs[0].type = FloatTensorType([None, operator.raw_operator.n_features_in_])
