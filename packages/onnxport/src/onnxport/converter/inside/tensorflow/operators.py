"""Operations that models use and tf2onnx has no ONNX operators for, or wrong ones, made of operators that there are."""

from collections.abc import Mapping
from typing import Any

from onnxport.converter.inside.tensorflow import arithmetic, resizing, spectra, texts
from onnxport.converter.inside.tensorflow.tables import look_up


def handlers(tables: Mapping[Any, tuple[Any, Any]]) -> dict[str, Any]:
    """By the operation's name, as tf2onnx takes them."""

    def with_tables(graph: Any, node: Any, *_: Any, **__: Any) -> None:
        look_up(graph, node, tables)

    made = {
        "Erfc": arithmetic.one_minus_erf,
        "TFL_GELU": arithmetic.gelu_of_lite,
        "Expm1": arithmetic.exp_minus_one,
        "Log1p": arithmetic.log_of_one_plus,
        "Xlogy": arithmetic.x_times_log,
        "Xlog1py": arithmetic.x_times_log,
        "Any": arithmetic.any_or_all,
        "All": arithmetic.any_or_all,
        "FloorMod": arithmetic.rest_of_division,
        "FloorDiv": arithmetic.division_downwards,
        "OneHot": arithmetic.one_hot,
        "Bitcast": arithmetic.sign_bit,
        "Bucketize": arithmetic.bucketize,
        "LowerBound": arithmetic.place_among_sorted,
        "UpperBound": arithmetic.place_among_sorted,
        "ResizeBicubic": resizing.resize_exactly,
        "ResizeArea": resizing.resize_exactly,
        "ScaleAndTranslate": resizing.resize_exactly,
        "RFFT": spectra.leave,
        "Real": spectra.part_of_spectrum,
        "Imag": spectra.part_of_spectrum,
        "ComplexAbs": spectra.part_of_spectrum,
        "StringLower": texts.change_case,
        "StringUpper": texts.change_case,
        "StaticRegexReplace": texts.replace,
        "StringSplitV2": texts.split,
        "RaggedBincount": texts.count_words,
        "Equal": texts.equal,
        "NotEqual": texts.equal,
        "LookupTableFindV2": with_tables,
    }
    return {name: (handler, []) for name, handler in made.items()}
