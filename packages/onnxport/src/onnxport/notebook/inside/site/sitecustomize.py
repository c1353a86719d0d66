"""The start of a notebook's interpreter and of those that it starts: the mirror answers downloads, onnxport's modules can be imported.

Python imports this file by its name, from `PYTHONPATH`. In any other interpreter that inherits the variable it does nothing.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location

HERE = os.path.realpath(os.path.dirname(__file__))


def begin() -> None:
    """Prepare this interpreter, if it is one of the notebook's."""
    sys.path[:] = [path for path in sys.path if os.path.realpath(path or ".") != HERE]
    if os.path.realpath(sys.prefix) == os.path.realpath(
        os.environ.get("ONNXPORT_NOTEBOOK_PREFIX", os.devnull)
    ):
        _end_with_runner()
        _add_modules(os.environ.get("ONNXPORT_NOTEBOOK_MODULES", ""))
        _ask_mirror(os.environ.get("ONNXPORT_NOTEBOOK_HOOK", ""))
    _run_next()


def _end_with_runner() -> None:
    """Let the system end the kernel when the program that started it is gone, however that ends."""
    if os.environ.get("ONNXPORT_NOTEBOOK_RUNNER") != str(os.getppid()):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL; Linux only
    except (ImportError, OSError, AttributeError):
        pass


def _add_modules(folder: str) -> None:
    """Before the packages of the environment: the vendor's own never win."""
    if folder:
        places = [place for place, path in enumerate(sys.path) if "site-packages" in path]
        sys.path.insert(min(places, default=len(sys.path)), folder)


def _ask_mirror(program: str) -> None:
    spec = spec_from_file_location("onnxport_mirror_program", program) if program else None
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        module.install()


def _run_next() -> None:
    """The `sitecustomize` that this one stands before."""
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


begin()
