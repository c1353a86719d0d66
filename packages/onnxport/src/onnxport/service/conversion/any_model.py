"""`onnxport.convert`: one function for model files and for objects of this process."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from onnxport.service.conversion.convert import ConversionResult, convert_file, convert_live
from onnxport.service.conversion.options import ConvertOptions
from onnxport.service.progress import Progress


def convert(
    model: Any,
    example: Any = None,
    *,
    output: str | Path | None = None,
    options: ConvertOptions | None = None,
    progress: Progress | None = None,
) -> ConversionResult:
    """Convert a model to ONNX and prove it.

    Args:
        model: a path to a saved model, or the model itself: a `torch.nn.Module`, a Keras model, a fitted scikit-learn estimator, a booster.
        example: inputs that the model takes: an array, a data frame, a tuple of arrays in the order of the inputs, or arrays by name. For a
            path also the path of a file with them. A model that knows its inputs needs none.
        output: where to write; beside the source, or the class's name in the working directory, if not given.
        options: what else may be said.
        progress: shows the steps.

    Returns:
        Where the ONNX file and its proof are, and the proof itself.

    Raises:
        NotProven: the ONNX model does not predict the same, or could not be shown to.
        OnnxportError: other errors, each with what to do; see `onnxport.service.conversion.errors` and `onnxport.converter`.
    """
    options = options or ConvertOptions()
    if output is not None:
        options = replace(options, output=Path(output).expanduser())
    if not isinstance(model, (str, os.PathLike)):
        return convert_live(model, example, options, progress)
    if example is not None:
        options = replace(options, sample=_sample(example))
    return convert_file(Path(model).expanduser(), options, progress)


def _sample(example: Any) -> Any:
    if isinstance(example, (str, os.PathLike)):
        return Path(example).expanduser()
    import numpy as np

    if isinstance(example, Mapping) or hasattr(example, "columns"):
        return {str(name): np.asarray(example[name]) for name in example}
    if isinstance(example, tuple):
        return {f"x{position}": np.asarray(array) for position, array in enumerate(example)}
    return {"X": np.asarray(example)}
