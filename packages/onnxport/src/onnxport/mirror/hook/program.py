"""Started by path, or loaded by `sitecustomize`: makes its folder the package `onnxport_mirror`, whatever else is installed.

python program.py wget ARGUMENTS      what `wget` does where its URL is mirrored
python program.py curl ARGUMENTS      the same for `curl`
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any

PACKAGE = "onnxport_mirror"


def load(name: str) -> Any:
    """A module of this folder, without a place on `sys.path`."""
    if PACKAGE not in sys.modules:
        folder = os.path.dirname(os.path.abspath(__file__))
        start = os.path.join(folder, "__init__.py")
        spec = importlib.util.spec_from_file_location(
            PACKAGE, start, submodule_search_locations=[folder]
        )
        if spec is None or spec.loader is None:
            raise ImportError("the mirror's own files are missing")
        module = importlib.util.module_from_spec(spec)
        sys.modules[PACKAGE] = module
        spec.loader.exec_module(module)
    return importlib.import_module(f"{PACKAGE}.{name}")


def install() -> None:
    """Let `urllib.request` and `requests` ask the mirror, both only once they are imported."""
    watch = load("on_import").when_imported
    watch("urllib.request", lambda module: load("urllib_hook").install(module))
    watch("requests.adapters", lambda module: load("requests_hook").install(module))


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    sys.exit(load("shim").main(sys.argv[1], sys.argv[2:]))
