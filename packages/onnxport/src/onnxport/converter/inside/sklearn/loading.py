"""Opening a saved estimator, and what is wrong with a file that cannot be opened."""

import warnings
from typing import Any

from onnxport.converter.interface import ConversionRefused, Job

# Types that skops asks about and that only hold what was learned, or compute with numbers: parts of scikit-learn's own estimators.
_HARMLESS = {
    # What it calls is a type that is asked about too.
    "functools.partial",
    "numpy.clip",
    "numpy.dtype",
    "numpy.mean",
    "numpy.nan_to_num",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "scipy.sparse._csr.csr_matrix",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.DotProduct",
    "sklearn.gaussian_process.kernels.ExpSineSquared",
    "sklearn.gaussian_process.kernels.Exponentiation",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.RationalQuadratic",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.metrics._dist_metrics.ChebyshevDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
}
# Packages whose estimators stand in pipelines of scikit-learn, and that onnxmltools converts.
_OTHERS = {"xgboost", "lightgbm"}


def opened(job: Job) -> tuple[Any, tuple[str, ...]]:
    """The fitted estimator, and remarks on what scikit-learn warned of while loading it."""
    import sklearn.utils.validation
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import NotFittedError

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        model = _load(job)
    if not isinstance(model, BaseEstimator):
        kind = type(model).__name__
        raise ConversionRefused(
            f"{job.source.name} holds a {kind}, not a scikit-learn estimator",
            "Save the fitted estimator or pipeline itself.",
        )
    try:
        sklearn.utils.validation.check_is_fitted(model)
    except NotFittedError:
        raise ConversionRefused(
            f"the {type(model).__name__} in {job.source.name} was saved before it was fitted",
            "Call fit, save it again, and convert that.",
        ) from None
    return model, _version_remarks(heard)


def _load(job: Job) -> Any:
    if job.kind == "skops":
        return _load_skops(job)
    import joblib

    try:
        # joblib reads plain pickles too.
        return joblib.load(job.source)
    except ModuleNotFoundError as error:
        raise _lacks(job, str(error.name)) from None
    except AttributeError as error:
        raise ConversionRefused(
            f"{job.source.name} uses code that is not in scikit-learn's environment: {error}",
            "Build the model from scikit-learn's own classes.",
        ) from None


def _lacks(job: Job, module: str) -> ConversionRefused:
    package = module.partition(".")[0]
    if package in _OTHERS:
        return ConversionRefused(
            f"{job.source.name} holds a model of {package}, which is not in scikit-learn's environment",
            f"Run again with --with {package} --with onnxmltools, or convert the {package} model alone with its own converter.",
        )
    if package == "catboost":
        return ConversionRefused(
            f"{job.source.name} holds a model of catboost, which cannot be converted inside a scikit-learn pipeline",
            "Save the CatBoost model alone with save_model, and convert that.",
        )
    return ConversionRefused(
        f"{job.source.name} needs the package '{package}', which is not scikit-learn's",
        f"If the package's estimators can be converted by skl2onnx, run again with --with {package}; else leave it out of the pipeline.",
    )


def _load_skops(job: Job) -> Any:
    import numpy as np
    from skops.io import get_untrusted_types, load

    asked = set(get_untrusted_types(file=job.source))
    functions = {f"numpy.{name}" for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}
    if (unknown := sorted(asked - _HARMLESS - functions)) and not job.trusted:
        raise ConversionRefused(
            f"{job.source.name} holds types that skops does not know to be harmless: {', '.join(unknown[:8])}",
            "If you know where the file comes from and vouch for it, run again with --trust.",
        )
    try:
        return load(job.source, trusted=sorted(asked))
    except ModuleNotFoundError as error:
        raise _lacks(job, str(error.name)) from None


def _version_remarks(heard: list[warnings.WarningMessage]) -> tuple[str, ...]:
    import sklearn

    versions = {
        original
        for message in heard
        if (original := getattr(message.message, "original_sklearn_version", None)) is not None
    }
    return tuple(
        f"the file was written by scikit-learn {version} and opened with {sklearn.__version__}, which may not read it as it was meant: "
        "compare with predictions made where it was trained"
        for version in sorted(versions)
    )
