"""The generated protobuf classes of ONNX, without the rest of the onnx package.

`import onnx` takes 0.2 s and 38 MB, nearly all for numpy, the operator schemas and helpers. Reading a model needs only the
generated message classes: 0.03 s and 15 MB. They are loaded from the installed package under their own name; the process must
not import onnx afterwards, so only the inspection's child process does this.
"""

import importlib.machinery
import importlib.util
from pathlib import Path
from typing import Any

_MODULE = "onnx.onnx_ml_pb2"


def load_schema() -> Any:
    """The module with `ModelProto`, `GraphProto` and friends; raises `ImportError` where onnx is not installed."""
    package = importlib.machinery.PathFinder.find_spec("onnx")
    if package is None or package.origin is None:
        raise ImportError("the package 'onnx' is not installed")
    location = Path(package.origin).with_name("onnx_ml_pb2.py")
    spec = importlib.util.spec_from_file_location(_MODULE, location)
    if spec is None or spec.loader is None:
        raise ImportError(f"{location.name} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
