"""Estimators that skl2onnx does not know, or whose answers it gets wrong, with what writes them: for `register`."""

from typing import Any

from onnxport.converter.inside.sklearn import (
    affine,
    calibration,
    groups,
    iterative,
    kernels,
    linear,
    meta,
    neighbours,
    one_vs_rest,
    preparing,
    splines,
    text,
)
from onnxport.converter.inside.sklearn.graph import Precision


def _any_width(operator: Any) -> None:
    """As many columns as the model has targets."""
    operator.outputs[0].type = Precision.tensor()


OPTIONS = {"GaussianRegression": {"return_cov": [False], "return_std": [False]}}
"""What skl2onnx asks of converters by name."""
_NAMED = preparing.set_named_shape
# Class, name, shapes, what writes it, what parses it.
STEPS: tuple[tuple[str, str, Any, Any, Any], ...] = (
    *(
        (path, "AffineModel", _any_width, affine.write_model, None)
        for path in (
            "sklearn.cluster.FeatureAgglomeration",
            "sklearn.cross_decomposition.CCA",
            "sklearn.cross_decomposition.PLSCanonical",
            "sklearn.cross_decomposition.PLSSVD",
            "sklearn.decomposition.FactorAnalysis",
            "sklearn.decomposition.FastICA",
            "sklearn.random_projection.SparseRandomProjection",
        )
    ),
    (
        "onnxport.converter.inside.sklearn.affine.Affine",
        "Affine",
        affine.set_step_shape,
        affine.write_step,
        None,
    ),
    (
        "onnxport.converter.inside.sklearn.groups.Distances",
        "Distances",
        groups.set_measured_shape,
        groups.measure,
        None,
    ),
    (
        "sklearn.feature_extraction.text.TfidfTransformer",
        "WeighedCounts",
        _NAMED,
        text.weigh_counts,
        None,
    ),
    # Under this name it is there without being enabled.
    (
        "sklearn.impute._iterative.IterativeImputer",
        "FillByModels",
        _NAMED,
        iterative.fill_by_models,
        None,
    ),
    ("sklearn.impute.KNNImputer", "FillByRows", _NAMED, neighbours.fill_by_neighbours, None),
    (
        "sklearn.preprocessing.Normalizer",
        "Normalizer",
        _NAMED,
        preparing.normalise_rows,
        None,
    ),
    (
        "sklearn.preprocessing.SplineTransformer",
        "Splines",
        splines.set_expanded_shape,
        splines.expand,
        None,
    ),
    ("sklearn.kernel_approximation.Nystroem", "Nystroem", _NAMED, kernels.nystroem, None),
    ("sklearn.kernel_approximation.RBFSampler", "Fourier", _NAMED, kernels.fourier, None),
    ("sklearn.neural_network.BernoulliRBM", "Hidden", _NAMED, kernels.hidden_units, None),
    ("sklearn.kernel_ridge.KernelRidge", "KernelRidge", _any_width, kernels.ridge, None),
    (
        "sklearn.gaussian_process.GaussianProcessRegressor",
        "GaussianRegression",
        _any_width,
        kernels.gaussian_regression,
        None,
    ),
    ("sklearn.isotonic.IsotonicRegression", "Isotonic", _any_width, calibration.regress, None),
    (
        "sklearn.neighbors.KNeighborsRegressor",
        "Average",
        _any_width,
        neighbours.average,
        None,
    ),
    (
        "sklearn.neighbors.RadiusNeighborsRegressor",
        "AverageWithin",
        _any_width,
        neighbours.average_within,
        None,
    ),
    (
        "sklearn.covariance.EllipticEnvelope",
        "Ellipse",
        preparing.keep_shape,
        groups.in_ellipse,
        groups.parse_outliers,
    ),
    (
        "sklearn.ensemble.IsolationForest",
        "Isolation",
        preparing.keep_shape,
        groups.isolate,
        groups.parse_outliers,
    ),
    *(
        (path, "Clusters", preparing.keep_shape, groups.nearest_cluster, groups.parse_clusters)
        for path in (
            "sklearn.cluster.AffinityPropagation",
            "sklearn.cluster.Birch",
            "sklearn.cluster.KMeans",
            "sklearn.cluster.MeanShift",
            "sklearn.cluster.MiniBatchKMeans",
        )
    ),
)
# Class, name, what writes it, what parses it.
CLASSIFIERS: tuple[tuple[str, str, Any, Any], ...] = (
    ("sklearn.ensemble.BaggingClassifier", "Bag", meta.bag, None),
    (
        "onnxport.converter.inside.sklearn.one_vs_rest.OneOfMany",
        "OneOfMany",
        one_vs_rest.separate,
        None,
    ),
    ("sklearn.linear_model.SGDClassifier", "Descend", linear.descend, None),
    ("sklearn.neighbors.KNeighborsClassifier", "Vote", neighbours.vote, None),
    ("sklearn.neighbors.RadiusNeighborsClassifier", "VoteWithin", neighbours.vote_within, None),
    ("sklearn.neighbors.NearestCentroid", "NearestCentroid", groups.nearest_centroid, None),
    ("sklearn.semi_supervised.LabelPropagation", "SpreadLabels", kernels.spread_labels, None),
    ("sklearn.semi_supervised.LabelSpreading", "SpreadLabels", kernels.spread_labels, None),
)
