"""Saves models for `test_sklearn_wider.py`: `python sklearn_wider_models.py FOLDER`, in the environment of the scikit-learn converter.

Many estimators are in one model each, so that few conversions show them all. Beside a model lie rows that it was not fitted on, with what
scikit-learn gives for them: `<model>.npz`.
"""

import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import skops.io
from scipy.sparse import issparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import FeatureAgglomeration, KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.cross_decomposition import CCA, PLSRegression
from sklearn.decomposition import NMF, FactorAnalysis, FastICA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Matern,
    RationalQuadratic,
    WhiteKernel,
)
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.random_projection import SparseRandomProjection
from sklearn.semi_supervised import LabelPropagation
from sklearn.svm import SVC, LinearSVC, OneClassSVM

folder = Path(sys.argv[1])
proven, refused = folder / "proven", folder / "refused"
proven.mkdir()
refused.mkdir()
warnings.simplefilter("ignore")
random = np.random.default_rng(0)


def rows(count: int) -> np.ndarray:
    """Values with one digit: many are equal, and few are float32 numbers."""
    return random.normal(0, 3, (count, 4)).round(1)


def with_gaps(matrix: np.ndarray) -> np.ndarray:
    return np.where(random.random(matrix.shape) < 0.15, np.nan, matrix)


def texts(count: int) -> list[str]:
    words = ["good", "bad", "very", "the", "Ärger", "not", "a", "is", "C++", "ünïcode", "yes"]
    gaps = [" ", " ", "  ", ", ", "\n"]
    return [
        "".join(random.choice(words) + random.choice(gaps) for _ in range(random.integers(0, 9)))
        for _ in range(count)
    ]


known, fresh = rows(200), rows(300)
smooth, unseen = random.normal(0, 1, (200, 4)), random.normal(0, 1.5, (300, 4))
target = known.sum(axis=1) + random.normal(0, 1, 200)
wave = np.sin(smooth[:, 0]) + smooth[:, 1] + random.normal(0, 0.1, 200)
kind = np.digitize(target, [-3, 3])
names = np.array(["low", "middle", "high"])[kind]
yes = (target > 0).astype(int)
said, unsaid = texts(200), [*texts(200), "", "   ", "日本語 good\u2003bad"]
tags = np.stack([["good" in t for t in said], ["bad" in t for t in said]], axis=1).astype(int)


def keep(name: str, model: object, fresh: object) -> None:
    joblib.dump(model, proven / f"{name}.joblib")
    ways = {
        "label": "predict",
        "prediction": "predict",
        "probabilities": "predict_proba",
        "scores": "decision_function",
        "transformed": "transform",
    }
    asked = {}
    for output, way in ways.items():
        if hasattr(model, way):
            made = getattr(model, way)(fresh)
            asked[f"expected_{output}"] = made.toarray() if issparse(made) else np.asarray(made)
    fed = np.array(fresh)[:, np.newaxis] if isinstance(fresh, list) else np.asarray(fresh)
    np.savez(proven / f"{name}.npz", fed=fed.reshape(len(fed), -1), **asked)


steps = FeatureUnion(
    [
        ("splines", SplineTransformer(4)),
        ("linear", SplineTransformer(3, degree=2, extrapolation="linear", include_bias=False)),
        ("periodic", SplineTransformer(4, extrapolation="periodic", knots="quantile")),
        ("nystroem", Nystroem(kernel="laplacian", n_components=5, random_state=0)),
        ("fourier", RBFSampler(n_components=5, random_state=0)),
        ("sources", FastICA(2, random_state=0)),
        ("factors", FactorAnalysis(2)),
        ("projected", SparseRandomProjection(2, random_state=0)),
        ("pooled", FeatureAgglomeration(2)),
        ("least squares", PLSRegression(2)),
        ("correlated", CCA(1)),
        ("hidden", BernoulliRBM(3, n_iter=2, random_state=0)),
        ("discriminant", LinearDiscriminantAnalysis(n_components=2)),
        ("clusters", KMeans(3, n_init=1, random_state=0)),
        ("row", Normalizer("max")),
        ("clip", FunctionTransformer(np.clip, kw_args={"a_min": -1, "a_max": 2})),
    ]
)
keep("steps", steps.fit(smooth, kind), unseen)
imputers = FeatureUnion(
    [
        ("models", IterativeImputer(max_iter=3, max_value=4, add_indicator=True, random_state=0)),
        ("rows", KNNImputer(n_neighbors=3, add_indicator=True)),
        ("near", KNNImputer(weights="distance")),
        ("zeros", FunctionTransformer(np.nan_to_num)),
    ]
)
keep("imputers", imputers.fit(with_gaps(smooth)), with_gaps(unseen))
quantiles = FeatureUnion(
    [
        ("uniform", QuantileTransformer(n_quantiles=40)),
        ("normal", QuantileTransformer(n_quantiles=40, output_distribution="normal")),
    ]
)
keep("quantiles", make_pipeline(quantiles, Ridge()).fit(known, target), fresh)

process = GaussianProcessRegressor(
    ConstantKernel() * RBF([1, 2, 3, 4])
    + Matern(nu=2.5)
    + RationalQuadratic()
    + DotProduct()
    + WhiteKernel(),
    optimizer=None,
    normalize_y=True,
)
regressors = VotingRegressor(
    [
        ("near", KNeighborsRegressor(3, weights="distance")),
        ("within", RadiusNeighborsRegressor(50)),
        ("manhattan", KNeighborsRegressor(3, metric="manhattan")),
        ("ridge", KernelRidge(kernel="rbf", gamma=0.2)),
        ("process", process),
    ],
    weights=[1, 2, 3, 4, 5],
)
keep("regressors", regressors.fit(smooth, wave), unseen)
keep(
    "neighbours",
    KNeighborsRegressor(4, weights="distance").fit(smooth, wave),
    np.concatenate([unseen, smooth]),
)
classifiers = VotingClassifier(
    [
        ("near", KNeighborsClassifier(3, weights="distance", metric="chebyshev")),
        ("within", RadiusNeighborsClassifier(2, outlier_label="most_frequent")),
        ("centroid", NearestCentroid()),
        ("spread", LabelPropagation(gamma=1)),
        ("descent", SGDClassifier(loss="modified_huber", random_state=0)),
        ("logistic", SGDClassifier(loss="log_loss", random_state=0)),
        ("bag", BaggingClassifier(SVC(), 3, max_features=3, random_state=0)),
    ],
    voting="soft",
)
keep("classifiers", classifiers.fit(smooth, names), unseen)
huber = make_pipeline(StandardScaler(), SGDClassifier(loss="modified_huber", random_state=0))
keep("huber", huber.fit(known, kind), fresh)
keep("median", NearestCentroid(metric="manhattan").fit(known, names), fresh)
first = KNeighborsClassifier(1).fit(known, kind)
nearest, _ = first.kneighbors(fresh, 2)
keep("first", first, fresh[np.diff(nearest).ravel() > 1e-6])
separate = OneVsRestClassifier(SGDClassifier(loss="log_loss", random_state=0))
keep("separate", separate.fit(known, kind), fresh)
frozen = FrozenEstimator(GaussianNB().fit(known, yes))
keep("frozen", CalibratedClassifierCV(frozen).fit(known, yes), fresh)
for name, front, detector in (
    ("isolated", None, IsolationForest(n_estimators=20, max_features=0.5, random_state=0)),
    ("ellipse", None, EllipticEnvelope(random_state=0)),
    ("local", StandardScaler(), LocalOutlierFactor(novelty=True)),
    ("one class", StandardScaler(), OneClassSVM(nu=0.2)),
):
    model = detector if front is None else make_pipeline(front, detector)
    keep(name, model.fit(smooth), unseen)
keep(
    "clusters",
    make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)).fit(known),
    fresh,
)
back = VotingRegressor(
    [
        ("power", TransformedTargetRegressor(Ridge(), transformer=PowerTransformer())),
        (
            "quantiles",
            TransformedTargetRegressor(
                Ridge(),
                transformer=QuantileTransformer(n_quantiles=30, output_distribution="normal"),
            ),
        ),
    ]
)
keep("back", back.fit(smooth, np.exp(wave)), unseen)
keep("isotonic", IsotonicRegression(out_of_bounds="clip").fit(known[:, 0], target), fresh[:, :1])
boosted = GradientBoostingRegressor(n_estimators=5, random_state=0)
keep("boosted", boosted.fit(known, target), fresh)

spoken = FeatureUnion(
    [
        ("characters", CountVectorizer(analyzer="char", ngram_range=(1, 3))),
        ("within", TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4))),
        ("long", CountVectorizer(analyzer="char_wb", ngram_range=(4, 6))),
        ("stops", TfidfVectorizer(stop_words=["the", "very"], ngram_range=(1, 2))),
        ("weighed", make_pipeline(CountVectorizer(), TfidfTransformer(sublinear_tf=True))),
    ]
)
keep("spoken", spoken.fit(said), unsaid)
keep(
    "tags",
    make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC())).fit(said, tags),
    unsaid,
)
# Words say little of it, and one answer is much more frequent: all texts get that.
rare = make_pipeline(TfidfVectorizer(), LogisticRegression())
keep("rare", rare.fit(said, random.random(200) < 0.03), unsaid)

# Without --trust: these hold types that skops asks about.
for name, model in {
    "splines": make_pipeline(SplineTransformer(), Ridge()).fit(known, target),
    "process": GaussianProcessRegressor(Matern() + WhiteKernel()).fit(smooth, wave),
    "categories": HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]).fit(
        np.abs(known).round(), yes
    ),
}.items():
    skops.io.dump(model, proven / f"{name}.skops")

cannot = {
    "solves": NMF(2).fit(np.abs(smooth)),
    "blind": DummyClassifier().fit(known, yes),
    "integrals": GaussianProcessClassifier(optimizer=None).fit(known, yes),
    "metric": KNeighborsClassifier(metric="canberra").fit(known, yes),
    "bessel": GaussianProcessRegressor(Matern(nu=1.7), optimizer=None).fit(smooth, wave),
    "random": IterativeImputer(sample_posterior=True, max_iter=1).fit(with_gaps(known)),
    "beyond": make_pipeline(SplineTransformer(extrapolation="error"), Ridge()).fit(known, target),
}
for name, model in cannot.items():
    joblib.dump(model, refused / f"{name}.joblib")
