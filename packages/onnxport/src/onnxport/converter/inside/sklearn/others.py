"""Estimators of other packages inside scikit-learn pipelines, where their packages and onnxmltools are in the environment."""

import importlib
from typing import Any

from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)

_OPTIONS = {"nocl": [True, False], "zipmap": [True, False, "columns"], "raw_scores": [True, False]}
_XGBOOST = "onnxmltools.convert.xgboost.operator_converters.XGBoost"
_LIGHTGBM = "onnxmltools.convert.lightgbm.operator_converters.LightGbm"
# Package, class, where its converter is, the converter's name.
_CLASSES = (
    ("xgboost", "XGBClassifier", _XGBOOST, "convert_xgboost"),
    ("xgboost", "XGBRFClassifier", _XGBOOST, "convert_xgboost"),
    ("xgboost", "XGBRegressor", _XGBOOST, "convert_xgboost"),
    ("xgboost", "XGBRFRegressor", _XGBOOST, "convert_xgboost"),
    ("lightgbm", "LGBMClassifier", _LIGHTGBM, "convert_lightgbm"),
    ("lightgbm", "LGBMRegressor", _LIGHTGBM, "convert_lightgbm"),
)


def teach() -> None:
    """Register the converters that onnxmltools has for the packages that are there."""
    for package, name, place, function in _CLASSES:
        kind, write = _member(package, name), _member(place, function)
        if kind is None or write is None:
            continue
        if name.endswith("Classifier"):
            shape, options = calculate_linear_classifier_output_shapes, _OPTIONS
        else:
            shape, options = calculate_linear_regressor_output_shapes, {"split": None}
        update_registered_converter(kind, f"Onnxport{name}", shape, write, options=options)


def _member(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return None
