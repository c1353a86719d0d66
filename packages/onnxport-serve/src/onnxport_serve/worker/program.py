"""Started by path in the user's interpreter: loads its folder as a package of its own name and runs it.

python program.py '{...}'                                            a worker, started by a front
python program.py --foreground --bundle D --app-root D [--input F]   one run in this terminal
"""

import importlib
import importlib.util
import os
import sys

PACKAGE = "onnxport_worker"


def load_package() -> None:
    """Make the folder of this file importable as `onnxport_worker`, without a place on `sys.path`."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != folder]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise ImportError("the worker's own files are missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load_package()
    sys.exit(importlib.import_module(PACKAGE + ".main").main(sys.argv[1:]))
