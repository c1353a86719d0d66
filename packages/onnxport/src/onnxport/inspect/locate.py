"""From a path that a person gives to the ONNX file it means: a file, or a folder with one ONNX file."""

import os
from itertools import islice
from pathlib import Path

from onnxport.inspect.errors import ModelFileUnreadable, NoModelInFolder, SeveralModelsInFolder

SUFFIX = ".onnx"
_MAX_ENTRIES = 10_000
_NAMED = 5
_SAVED_MODEL = "It is a TensorFlow SavedModel; convert it: onnxport convert FOLDER"
_HINTS: tuple[tuple[str, str], ...] = (
    ("saved_model.pb", _SAVED_MODEL),
    ("model.safetensors", "It holds weights of a Transformers model; export it: optimum-cli export onnx --model FOLDER OUTPUT"),
    ("pytorch_model.bin", "It holds weights of a Transformers model; export it: optimum-cli export onnx --model FOLDER OUTPUT"),
    ("MLmodel", "It is an MLflow model of another kind; save it with mlflow.onnx.save_model."),
)  # fmt: skip


def find_model_file(path: Path) -> Path:
    """The ONNX file that a path means: the file itself, or the only ONNX file at the top of a folder.

    Raises:
        NoModelInFolder, SeveralModelsInFolder, ModelFileUnreadable: the folder does not tell.
    """
    if not path.is_dir():
        return path
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in islice(entries, _MAX_ENTRIES))
    except OSError as error:
        raise ModelFileUnreadable(path, error.strerror or "it cannot be listed") from error
    models = [name for name in names if name.lower().endswith(SUFFIX) and not name.startswith(".")]
    if len(models) == 1:
        return path / models[0]
    if models:
        raise SeveralModelsInFolder(path, models[:_NAMED])
    hints = [hint for name, hint in _HINTS if name in names]
    raise NoModelInFolder(path, hints[0] if hints else "Give the path of an .onnx file.")
