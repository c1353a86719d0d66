"""Finding converters: the files of this folder, and installed packages that offer `onnxport.converters` entry points."""

import difflib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from onnxport.converter.interface import Converter
from onnxport.errors import UserError

GROUP = "onnxport.converters"
_NOT_CONVERTERS = {"__init__", "interface", "find"}


class ConverterNotFound(UserError):
    """A converter that nobody offers."""

    code = "converter_not_found"

    def __init__(self, name: str, known: list[str]) -> None:
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
        super().__init__(
            f"there is no converter '{name}'; {hint}",
            f"Name one of: {', '.join(known)}. Further ones come as packages with an entry point in {GROUP}.",
        )


def converter_names() -> list[str]:
    """The names of all converters, sorted, without importing one."""
    own = {path.stem for path in Path(__file__).parent.glob("*.py")} - _NOT_CONVERTERS
    return sorted(own | {entry.name for entry in entry_points(group=GROUP)})


def module_of(name: str) -> str:
    """The module that holds the converter of this name; raises `ConverterNotFound`."""
    names = converter_names()
    if name not in names:
        raise ConverterNotFound(name, names)
    for entry in entry_points(group=GROUP, name=name):
        return entry.module
    return f"onnxport.converter.{name}"


def find_converter(name: str) -> Converter:
    """The converter of this name; raises `ConverterNotFound`."""
    converter: Converter = import_module(module_of(name)).CONVERTER
    return converter


def all_converters() -> list[Converter]:
    """Every converter, by name."""
    return [find_converter(name) for name in converter_names()]
