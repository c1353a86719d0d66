"""What framework a model's files are of, as far as a look at them tells."""

from pathlib import Path

from onnxport.inspect import find_model_file
from onnxport.inspect.errors import NoModelInFolder, SeveralModelsInFolder

CUSTOM = "custom"


def framework_of(path: Path) -> str | None:
    """`None` for an ONNX file or a folder with just one; else the framework whose converter knows the file, or `custom`.

    Nothing of the file is run. A path that leads nowhere is `None`: whoever reads it says what is wrong.
    """
    if path.is_dir():
        try:
            find_model_file(path)
        except (NoModelInFolder, SeveralModelsInFolder):
            return converter_of(path) or CUSTOM
        return None
    if path.suffix.lower() == ".onnx" or not path.is_file():
        return None
    return converter_of(path) or CUSTOM


def converter_of(path: Path) -> str | None:
    """The name of the first converter that takes the file or folder, if one does."""
    from onnxport.converter.find import all_converters

    try:
        for converter in all_converters():
            if converter.recognise(path) is not None:
                return converter.name
    except OSError:  # whoever reads the file says so
        return None
    return None
