"""From a fitted estimator to ONNX bytes, through skl2onnx with what this package teaches it."""

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)

from onnxport.converter.inside.sklearn import exact
from onnxport.converter.inside.sklearn.columns import DOUBLE, MATRIX, TEXT, TRUTH, WHOLE, Inputs
from onnxport.converter.inside.sklearn.graph import Precision
from onnxport.converter.inside.sklearn.parts import last_step
from onnxport.converter.inside.sklearn.register import allowed_options, teach
from onnxport.converter.inside.sklearn.trees import sides_of_missing
from onnxport.converter.interface import ConversionRefused, Output

_UNKNOWN = re.compile(r"Unable to find a shape calculator for type '<class '(?P<path>[^']+)'>'")
_OPSETS = {"": 21, "ai.onnx.ml": 3}
_TYPES = {
    TEXT: StringTensorType,
    WHOLE: Int64TensorType,
    TRUTH: BooleanTensorType,
    DOUBLE: DoubleTensorType,
}


def convert(
    estimator: Any, inputs: Inputs, outputs: Sequence[Output], *, double: bool, opset: int | None
) -> bytes:
    """The ONNX model. Raises `ConversionRefused` with the step that cannot be converted."""
    Precision.double = double
    teach()
    try:
        copied = exact.exact_copy(estimator)
        made = _convert(copied, _initial_types(inputs), opset)
        exact.mend_binary_discriminant(made, copied)
        del made.graph.output[len(outputs) :]
    except (MemoryError, ConversionRefused):
        raise
    except Exception as error:  # skl2onnx has no base class for "cannot"
        raise _refusal(estimator, error) from error
    body: bytes = made.SerializeToString()
    return body


def _refusal(estimator: Any, error: Exception) -> ConversionRefused:
    """What skl2onnx said, without what it says of itself."""
    said = " ".join(str(error).split())
    if found := _UNKNOWN.search(said):
        module, _, name = found["path"].rpartition(".")
        if module.startswith("sklearn."):
            return ConversionRefused(
                f"there is no conversion of {name}",
                f"Fit the model without {name}, or do that step before the model and convert what follows.",
            )
        return ConversionRefused(
            f"{name} is not scikit-learn's but from '{module}', and its code cannot be converted",
            f"Replace {name} by steps of scikit-learn, or do it before the model and convert what follows.",
        )
    return ConversionRefused(
        f"skl2onnx cannot convert this {type(estimator).__name__}: {said[:300]}",
        "Fit the model without the step or option that is named, or do that step before the model and convert what follows.",
    )


def _initial_types(inputs: Inputs) -> list[tuple[str, Any]]:
    """Inputs under plain names: what the columns are called need not be a name in ONNX, and is put back in the end."""
    if inputs.is_matrix:
        return [(MATRIX, Precision.tensor(inputs.width))]
    return [
        (f"column{c.place}", _TYPES[c.kind]([None, 1]) if c.kind in _TYPES else Precision.tensor(1))
        for c in inputs.columns
    ]


def _convert(estimator: Any, types: list[tuple[str, Any]], opset: int | None) -> Any:
    """Run skl2onnx, with its options where the last estimator has them."""
    from skl2onnx import convert_sklearn

    # With a name of its own making, skl2onnx gives other bytes each time.
    given: dict[str, Any] = {
        "name": type(estimator).__name__,
        "initial_types": types,
        "target_opset": _OPSETS if opset is None else {**_OPSETS, "": opset},
    }
    with (
        _plain_attributes(),
        _numbers_in_precision(),
        sides_of_missing(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        return convert_sklearn(estimator, options=_options_for(estimator), **given)


def _options_for(estimator: Any) -> dict[int, dict[str, bool]] | None:
    """Plain tensors instead of maps, and scores of support vector machines with scikit-learn's sign."""
    from sklearn.base import is_classifier

    last = last_step(estimator)
    if not is_classifier(last):
        return None
    allowed = allowed_options(last)
    options = {"zipmap": False} if "zipmap" in allowed else {}
    if "raw_scores" in allowed and not hasattr(last, "predict_proba"):
        options["raw_scores"] = True
    return {id(last): options}


@contextmanager
def _numbers_in_precision() -> Iterator[None]:
    """In a graph of float64, let what is made of text, whole numbers and truth values be float64 too."""
    from skl2onnx.common.data_types import guess_tensor_type

    def guess(kind: Any) -> Any:
        known = isinstance(kind, (FloatTensorType, DoubleTensorType))
        return guess_tensor_type(kind) if known or not Precision.double else Precision.tensor()

    name = "guess_tensor_type"
    users = [
        module
        for path, module in list(sys.modules.items())
        if path.startswith("skl2onnx.") and getattr(module, name, None) is guess_tensor_type
    ]
    for module in users:
        setattr(module, name, guess)
    try:
        yield
    finally:
        for module in users:
            setattr(module, name, guess_tensor_type)


@contextmanager
def _plain_attributes() -> Iterator[None]:
    """Let onnx take truth values and numpy's numbers as attributes, as skl2onnx gives them for HistGradientBoosting."""
    import onnx.helper

    original = onnx.helper.make_attribute

    def plain_value(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [plain_value(entry) for entry in value]
        value = value.item() if type(value).__module__ == "numpy" and value.ndim == 0 else value
        return int(value) if isinstance(value, bool) else value

    def make_attribute(key: str, value: Any, *rest: Any, **named: Any) -> Any:
        return original(key, plain_value(value), *rest, **named)

    onnx.helper.make_attribute = make_attribute
    try:
        yield
    finally:
        onnx.helper.make_attribute = original
