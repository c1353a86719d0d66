"""What no ONNX model gives again: estimators that solve a problem of their own for each call, or do not look at their input."""

from collections.abc import Iterator
from typing import Any

from onnxport.converter.inside.sklearn.parts import flat
from onnxport.converter.interface import ConversionRefused

_SOLVES = "solves an optimisation for each call, with as many steps as it takes"
_BLIND = "does not look at its input, so that there is nothing to convert and nothing to prove"
_SHAPE = "gives a single row in another shape than several"
_PROJECT = "Use PCA, TruncatedSVD, FastICA or FactorAnalysis, which are projections."
_CANNOT = {
    "DictionaryLearning": (_SOLVES, _PROJECT),
    "MiniBatchDictionaryLearning": (_SOLVES, _PROJECT),
    "SparseCoder": (_SOLVES, _PROJECT),
    "NMF": (_SOLVES, _PROJECT),
    "MiniBatchNMF": (_SOLVES, _PROJECT),
    "LatentDirichletAllocation": (_SOLVES, _PROJECT),
    "LocallyLinearEmbedding": (_SOLVES, _PROJECT),
    "SparsePCA": (_SHAPE, _PROJECT),
    "MiniBatchSparsePCA": (_SHAPE, _PROJECT),
    "GaussianProcessClassifier": (
        "needs integrals for which there is no conversion",
        "Use SVC(probability=True), or LogisticRegression behind Nystroem or SplineTransformer.",
    ),
    "RandomTreesEmbedding": (
        "has no conversion",
        "Use a forest or HistGradientBoosting on the rows themselves.",
    ),
    "DummyClassifier": (_BLIND, "Convert the model that you compare with it."),
    "DummyRegressor": (_BLIND, "Convert the model that you compare with it."),
}

_LISTS = ("steps", "transformer_list", "estimator")


def refuse_what_cannot(model: Any) -> None:
    """Raise `ConversionRefused` where a model, or one inside it, is such an estimator."""
    for part in _parts(model):
        name = type(part).__name__
        if name in _CANNOT and type(part).__module__.startswith("sklearn."):
            why, instead = _CANNOT[name]
            raise ConversionRefused(f"the {name} {why}", instead)


def _parts(model: Any) -> Iterator[Any]:
    """The model and the fitted estimators inside it."""
    yield model
    held = getattr(model, "__dict__", {})
    for name, value in held.items():
        # What boosting begins with may be such an estimator: it is a constant there.
        if name != "init_" and (name.endswith("_") or name in _LISTS):
            listed = value if isinstance(value, (list, tuple)) else [value]
            for part in flat(listed):
                if hasattr(part, "get_params") and not isinstance(part, type):
                    yield from _parts(part)
