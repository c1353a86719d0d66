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

from onnxport.converter.inside.sklearn import (
    boosting,
    calibration,
    discriminant,
    encoders,
    functions,
    hist,
    linear,
    meta,
    network,
    one_vs_rest,
    others,
    preparing,
    quantiles,
    rounding,
    structure,
    text,
    trees,
    wider,
)
from onnxport.converter.inside.sklearn.graph import Precision
from onnxport.converter.inside.sklearn.parts import classes_of


def teach() -> None:
    """Register all of it, for the rest of this process."""
    for path, name, shape, write, parse in (*_STEPS, *wider.STEPS):
        for kind in classes_of(path):
            update_registered_converter(
                kind, f"Onnxport{name}", shape, write, parser=parse, options=wider.OPTIONS.get(name)
            )
    for path, name, write, parse in (*_CLASSIFIERS, *wider.CLASSIFIERS):
        options = hist.RAW if write in _WITH_SCORES else _OPTIONS
        for kind in classes_of(path):
            update_registered_converter(
                kind, f"Onnxport{name}", _classifier_shape, write, parser=parse, options=options
            )
    for kind in classes_of(*_SELECTORS):
        shape, write = preparing.set_selected_shape, preparing.select
        update_registered_converter(kind, "OnnxportSelect", shape, write)
    for path, parse in _PARSED:
        for kind in classes_of(path):
            update_registered_parser(kind, parse)
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
    if operator.type not in _OF_FLOAT32:
        operator.outputs[1].type = Precision.tensor(len(operator.raw_operator.classes_))


def _regressor_shape(operator: Any) -> None:
    """As many columns as the model has targets; inputs may be several."""
    operator.outputs[0].type = Precision.tensor()


def _teach_alone(name: str, shape: Any, write: Any) -> None:
    """An operator that stands for no estimator."""
    register_converter(name, write, overwrite=True)
    register_shape_calculator(name, shape, overwrite=True)


_STEPS: tuple[tuple[str, str, Any, Any, Any], ...] = (
    (
        "sklearn.preprocessing.OneHotEncoder",
        "OneHot",
        encoders.set_encoded_shape,
        encoders.one_hot,
        None,
    ),
    (
        "sklearn.preprocessing.OrdinalEncoder",
        "Ordinal",
        encoders.set_encoded_shape,
        encoders.ordinal,
        None,
    ),
    (
        "sklearn.preprocessing.TargetEncoder",
        "Target",
        encoders.set_encoded_shape,
        encoders.target,
        None,
    ),
    (
        "sklearn.impute.SimpleImputer",
        "Imputer",
        preparing.keep_shape,
        preparing.fill_missing,
        preparing.parse_imputer,
    ),
    (
        "sklearn.impute.MissingIndicator",
        "MissingIndicator",
        preparing.set_marked_shape,
        preparing.mark_missing,
        None,
    ),
    (
        "sklearn.preprocessing.KBinsDiscretizer",
        "Bins",
        preparing.set_binned_shape,
        preparing.put_into_bins,
        None,
    ),
    (
        "sklearn.preprocessing.QuantileTransformer",
        "Quantiles",
        quantiles.set_quantile_shape,
        quantiles.to_quantiles,
        None,
    ),
    (
        "sklearn.preprocessing.FunctionTransformer",
        "Function",
        functions.set_function_shape,
        functions.transform,
        functions.parse_function,
    ),
    (
        "sklearn.feature_extraction.text.CountVectorizer",
        "Text",
        text.set_vectorised_shape,
        text.vectorise,
        None,
    ),
    (
        "sklearn.feature_extraction.text.TfidfVectorizer",
        "Text",
        text.set_vectorised_shape,
        text.vectorise,
        None,
    ),
    (
        "onnxport.converter.inside.sklearn.boosting.CategorySplits",
        "CategorySplits",
        boosting.set_split_shape,
        boosting.append_splits,
        None,
    ),
    (
        "onnxport.converter.inside.sklearn.rounding.Rounded",
        "Rounded",
        rounding.set_rounded_shape,
        rounding.round_numbers,
        rounding.parse_rounded,
    ),
    (
        "sklearn.multioutput.MultiOutputClassifier",
        "Several",
        preparing.keep_shape,
        meta.several_outputs,
        meta.parse_several,
    ),
    (
        "sklearn.multioutput.MultiOutputRegressor",
        "SeveralValues",
        _regressor_shape,
        meta.several_outputs,
        None,
    ),
    (
        "sklearn.multioutput.ClassifierChain",
        "Chain",
        preparing.keep_shape,
        meta.chain,
        meta.parse_chain,
    ),
    (
        "sklearn.multioutput.RegressorChain",
        "Chain",
        preparing.keep_shape,
        meta.chain,
        meta.parse_chain,
    ),
    (
        "sklearn.compose.TransformedTargetRegressor",
        "TransformedTarget",
        _regressor_shape,
        meta.transform_back,
        None,
    ),
    ("sklearn.ensemble.StackingRegressor", "StackedValues", _regressor_shape, meta.stack, None),
    (
        "sklearn.ensemble.HistGradientBoostingRegressor",
        "BoostedValues",
        _regressor_shape,
        hist.boost_values,
        None,
    ),
    (
        "sklearn.neural_network.MLPRegressor",
        "NetworkOfValues",
        _regressor_shape,
        network.feed_forward,
        None,
    ),
)
_CLASSIFIERS: tuple[tuple[str, str, Any, Any], ...] = (
    ("sklearn.ensemble.StackingClassifier", "Stacked", meta.stack, None),
    ("sklearn.model_selection.FixedThresholdClassifier", "Threshold", meta.decide, None),
    ("sklearn.model_selection.TunedThresholdClassifierCV", "Threshold", meta.decide, None),
    ("sklearn.calibration.CalibratedClassifierCV", "Calibrated", calibration.calibrate, None),
    (
        "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis",
        "Quadratic",
        discriminant.discriminate,
        None,
    ),
    ("sklearn.ensemble.ExtraTreesClassifier", "Forest", trees.one_label, None),
    ("sklearn.ensemble.RandomForestClassifier", "Forest", trees.one_label, None),
    ("sklearn.ensemble.HistGradientBoostingClassifier", "Boosted", hist.boost_classes, None),
    (
        "sklearn.neural_network.MLPClassifier",
        "Network",
        network.feed_forward,
        network.parse_several_labels,
    ),
)
_WITH_SCORES = (hist.boost_classes, linear.descend, one_vs_rest.separate)
# Behind a step that rounds to float32 they give that.
_OF_FLOAT32 = {"OnnxportForest"}
_OPTIONS = {"zipmap": [True, False], "nocl": [True, False]}
_SELECTORS = (
    "sklearn.feature_selection.GenericUnivariateSelect",
    "sklearn.feature_selection.RFE",
    "sklearn.feature_selection.RFECV",
    "sklearn.feature_selection.SelectFdr",
    "sklearn.feature_selection.SelectFpr",
    "sklearn.feature_selection.SelectFromModel",
    "sklearn.feature_selection.SelectFwe",
    "sklearn.feature_selection.SelectKBest",
    "sklearn.feature_selection.SelectPercentile",
    "sklearn.feature_selection.SequentialFeatureSelector",
    "sklearn.feature_selection.VarianceThreshold",
    "onnxport.converter.inside.sklearn.simple.Kept",
)
_PARSED = (
    ("sklearn.compose.ColumnTransformer", structure.parse_columns),
    ("sklearn.pipeline.FeatureUnion", structure.parse_union),
    ("sklearn.tree.DecisionTreeClassifier", trees.parse_labels),
    ("sklearn.tree.ExtraTreeClassifier", trees.parse_labels),
    ("sklearn.ensemble.ExtraTreesClassifier", trees.parse_labels),
    ("sklearn.ensemble.RandomForestClassifier", trees.parse_labels),
)
