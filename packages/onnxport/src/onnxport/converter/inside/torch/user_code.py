"""The user's model class: importing their file, and making the module from it."""

import importlib.util
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from torch import nn

from onnxport.converter.interface import Code, ConversionRefused

_MOST_RENAMES = 32


def make_module(code: Code) -> nn.Module:
    """The module that the user's class, function or object stands for. Raises `ConversionRefused`."""
    name = code.file.name
    found: Any = import_file(code)
    for part in code.name.split("."):
        if not hasattr(found, part):
            raise ConversionRefused(
                f"{name} holds no '{code.name}'; it holds {_listed(found)}",
                "Name the model class of that file with --code FILE.py:CLASS.",
            )
        found = getattr(found, part)
    made = found if isinstance(found, nn.Module) else _called(found, code)
    if not isinstance(made, nn.Module):
        raise ConversionRefused(
            f"'{code.name}' of {name} gives a {type(made).__name__}, not a torch.nn.Module",
            "Name a module's class, a function that returns a module, or a module.",
        )
    return made


def import_file(code: Code) -> types.ModuleType:
    """The user's file as a module; files beside it can be imported by it. Raises `ConversionRefused`."""
    spec = importlib.util.spec_from_file_location(code.file.stem, code.file)
    if spec is None or spec.loader is None:
        raise ConversionRefused(
            f"{code.file.name} is no Python file", "Write --code FILE.py:CLASS."
        )
    if str(code.file.parent) not in sys.path:
        sys.path.append(str(code.file.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[code.file.stem] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise ConversionRefused(
            f"{code.file.name} imports '{error.name}', which is not in the converter's environment",
            f"Add it with --with {str(error.name).partition('.')[0]}, or take the import out of the file.",
        ) from None
    except Exception as error:  # whatever the user's file raises
        raise ConversionRefused(
            f"{code.file.name} could not be imported: {said_by(error)}",
            "Mend the file: it must be importable on its own.",
        ) from error
    return module


def with_pickled_names(code: Code | None, load: Callable[[], Any]) -> Any:
    """Load a pickle whose classes lie in modules that are not there: the user's file stands for each of them.

    Raises `ConversionRefused` where the pickle needs a class that neither the environment nor the user's file has.
    """
    stand_in = None if code is None else import_file(code)
    if stand_in is not None:
        # What was defined in a notebook or script is pickled under this name.
        sys.modules["__main__"] = stand_in
    for _ in range(_MOST_RENAMES):
        try:
            return load()
        except ModuleNotFoundError as error:
            missing = str(error.name)
            if stand_in is None or missing in sys.modules:
                raise _no_class(f"the package or module '{missing}'") from None
            if not hasattr(stand_in, "__path__"):
                stand_in.__path__ = []
            sys.modules[missing] = stand_in
        except AttributeError as error:
            raise _no_class(f"a class that is not there ({said_by(error)})") from None
    raise _no_class("too many modules that are not there")


def said_by(error: BaseException) -> str:
    """The error's type and words, on one line; without the values of arguments, which TorchScript tells."""
    words = " ".join(str(error).split()).partition(" Value: ")[0]
    return f"{type(error).__name__}: {words}"[:400]


def _called(found: Any, code: Code) -> Any:
    if not callable(found):
        return found
    try:
        return found(*code.positional, **code.named)
    except Exception as error:  # whatever the user's class raises
        raise ConversionRefused(
            f"'{code.name}' of {code.file.name} could not be made with these arguments: {said_by(error)}",
            "Give its arguments with --code-args, as a JSON list or object.",
        ) from error


def _listed(module: Any) -> str:
    names = [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, nn.Module) and value is not nn.Module
    ]
    return ", ".join(names[:8]) or "no model classes"


def _no_class(what: str) -> ConversionRefused:
    return ConversionRefused(
        f"the pickled model needs {what}",
        "Give the file that defines the model's class with --code FILE.py:CLASS, or the package with --with.",
    )
