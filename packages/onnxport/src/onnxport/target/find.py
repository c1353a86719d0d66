"""Finding targets: the files of this folder, and installed packages that offer `onnxport.targets` entry points."""

import difflib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from onnxport.errors import UserError
from onnxport.target.interface import Target

_GROUP = "onnxport.targets"
_NOT_TARGETS = {"__init__", "interface", "find"}


class PluginNotFound(UserError):
    """A target that nobody offers."""

    code = "plugin_not_found"

    def __init__(self, name: str, known: list[str]) -> None:
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}"
        super().__init__(
            f"there is no target '{name}'; {hint}",
            f"Name one of: {', '.join(known)}. Further ones come as packages with an entry point in {_GROUP}.",
        )


def target_names() -> list[str]:
    """The names of all targets, sorted, without importing one."""
    own = {path.stem for path in Path(__file__).parent.glob("*.py")} - _NOT_TARGETS
    own = {stem for stem in own if not stem.startswith("_")}
    return sorted(own | {entry.name for entry in entry_points(group=_GROUP)})


def find_target(name: str) -> Target:
    """The target of this name; raises `PluginNotFound`."""
    names = target_names()
    if name not in names:
        raise PluginNotFound(name, names)
    for entry in entry_points(group=_GROUP, name=name):
        module = entry.load()
        break
    else:
        module = import_module(f"onnxport.target.{name}")
    target: Target = module.create()
    return target
