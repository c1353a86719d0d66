"""What this package teaches skl2onnx: steps that it does not know, refuses, or writes otherwise than scikit-learn computes them."""

from typing import Any

from skl2onnx import update_registered_converter
from skl2onnx._parse import update_registered_parser
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common._registration import (
    _converter_pool,
    register_converter,
    register_shape_calculator,
)
from skl2onnx.common.shape_calculator import _infer_linear_classifier_output_types
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from onnxport.converter.inside.sklearn import (
    boosting,
    calibration,
    discriminant,
    encoders,
    functions,
    meta,
    network,
    others,
    preparing,
    simple,
    structure,
    text,
    trees,
)
from onnxport.converter.inside.sklearn.graph import Precision


def teach() -> None:
    """Register all of it, for the rest of this process."""
    for kind, name, shape, write, parse in _STEPS:
        update_registered_converter(kind, f"Onnxport{name}", shape, write, parser=parse)
    for kind, name, write, parse in _CLASSIFIERS:
        update_registered_converter(
            kind, f"Onnxport{name}", _classifier_shape, write, parser=parse, options=_OPTIONS
        )
    for kind in (
        DecisionTreeClassifier,
        ExtraTreeClassifier,
        ExtraTreesClassifier,
        RandomForestClassifier,
    ):
        update_registered_parser(kind, trees.parse_labels)
    for kind in (*_SELECTORS, simple.Kept):
        update_registered_converter(
            kind, "OnnxportSelect", preparing.set_selected_shape, preparing.select
        )
    update_registered_parser(ColumnTransformer, structure.parse_columns)
    update_registered_parser(FeatureUnion, structure.parse_union)
    others.teach()
    _allow_plain_scores()
    _teach_alone("OnnxportColumns", preparing.keep_shape, structure.choose_columns)
    _teach_alone("OnnxportTreesOfLabels", preparing.keep_shape, trees.several_labels)
    _teach_alone("OnnxportNetworkOfLabels", preparing.keep_shape, network.feed_forward)


def _allow_plain_scores() -> None:
    """Let every classifier be told to give no maps: pipelines tell it to all, and some refuse to hear it."""
    for kind, name in sklearn_operator_name_map.items():
        if issubclass(kind, ClassifierMixin) and name in _converter_pool:
            known = _converter_pool[name].get_allowed_options()
            if known is not None:
                known.setdefault("zipmap", [True, False])


def allowed_options(estimator: Any) -> dict[str, Any]:
    """The options that skl2onnx takes for an estimator."""
    name = sklearn_operator_name_map.get(type(estimator))
    known = _converter_pool[name].get_allowed_options() if name in _converter_pool else None
    return known or {}


def _classifier_shape(operator: Any) -> None:
    _infer_linear_classifier_output_types(operator)


def _regressor_shape(operator: Any) -> None:
    """As many columns as the model has targets; inputs may be several."""
    operator.outputs[0].type = Precision.tensor()


def _teach_alone(name: str, shape: Any, write: Any) -> None:
    """An operator that stands for no estimator."""
    register_converter(name, write, overwrite=True)
    register_shape_calculator(name, shape, overwrite=True)


_STEPS: tuple[tuple[Any, str, Any, Any, Any], ...] = (
    (OneHotEncoder, "OneHot", encoders.set_encoded_shape, encoders.one_hot, None),
    (OrdinalEncoder, "Ordinal", encoders.set_encoded_shape, encoders.ordinal, None),
    (TargetEncoder, "Target", encoders.set_encoded_shape, encoders.target, None),
    (
        SimpleImputer,
        "Imputer",
        preparing.keep_shape,
        preparing.fill_missing,
        preparing.parse_imputer,
    ),
    (
        MissingIndicator,
        "MissingIndicator",
        preparing.set_marked_shape,
        preparing.mark_missing,
        None,
    ),
    (KBinsDiscretizer, "Bins", preparing.set_binned_shape, preparing.put_into_bins, None),
    (
        FunctionTransformer,
        "Function",
        functions.set_function_shape,
        functions.transform,
        functions.parse_function,
    ),
    (CountVectorizer, "Text", text.set_vectorised_shape, text.vectorise, None),
    (TfidfVectorizer, "Text", text.set_vectorised_shape, text.vectorise, None),
    (
        boosting.CategorySplits,
        "CategorySplits",
        boosting.set_split_shape,
        boosting.append_splits,
        None,
    ),
    (
        MultiOutputClassifier,
        "Several",
        preparing.keep_shape,
        meta.several_outputs,
        meta.parse_several,
    ),
    (
        MultiOutputRegressor,
        "SeveralValues",
        _regressor_shape,
        meta.several_outputs,
        None,
    ),
    (ClassifierChain, "Chain", preparing.keep_shape, meta.chain, meta.parse_chain),
    (RegressorChain, "Chain", preparing.keep_shape, meta.chain, meta.parse_chain),
    (
        TransformedTargetRegressor,
        "TransformedTarget",
        _regressor_shape,
        meta.transform_back,
        None,
    ),
    (StackingRegressor, "StackedValues", _regressor_shape, meta.stack, None),
    (MLPRegressor, "NetworkOfValues", _regressor_shape, network.feed_forward, None),
)
_CLASSIFIERS: tuple[tuple[Any, str, Any, Any], ...] = (
    (StackingClassifier, "Stacked", meta.stack, None),
    (FixedThresholdClassifier, "Threshold", meta.decide, None),
    (TunedThresholdClassifierCV, "Threshold", meta.decide, None),
    (CalibratedClassifierCV, "Calibrated", calibration.calibrate, None),
    (QuadraticDiscriminantAnalysis, "Quadratic", discriminant.discriminate, None),
    (MLPClassifier, "Network", network.feed_forward, network.parse_several_labels),
)
_OPTIONS = {"zipmap": [True, False], "nocl": [True, False]}
_SELECTORS = (
    GenericUnivariateSelect,
    RFE,
    RFECV,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
