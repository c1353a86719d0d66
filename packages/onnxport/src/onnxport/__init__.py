"""onnxport: from a model file of any framework to a live, proven, updatable ONNX endpoint.

The public names are loaded on first use, so that `import onnxport` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxport.errors import OnnxportError
    from onnxport.service.conversion.any_model import convert
    from onnxport.service.conversion.convert import ConversionResult
    from onnxport.service.conversion.options import ConvertOptions
    from onnxport.service.deployment.options import DeployOptions
    from onnxport.workspace import Workspace

__version__ = "0.1.0"
__all__ = [
    "ConversionResult",
    "ConvertOptions",
    "DeployOptions",
    "OnnxportError",
    "Workspace",
    "convert",
]

_HOME_OF = {
    "ConversionResult": "onnxport.service.conversion.convert",
    "ConvertOptions": "onnxport.service.conversion.options",
    "convert": "onnxport.service.conversion.any_model",
    "DeployOptions": "onnxport.service.deployment.options",
    "OnnxportError": "onnxport.errors",
    "Workspace": "onnxport.workspace",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'onnxport' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
