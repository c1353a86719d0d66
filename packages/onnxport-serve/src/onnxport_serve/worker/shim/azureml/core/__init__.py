"""What scoring code may use of the SDK inside an endpoint."""

from typing import Any

from azureml.core.model import Model

VERSION = "1.61.0"
__version__ = VERSION
__all__ = ["VERSION", "Model"]


def __getattr__(name: str) -> Any:
    """Say what is there instead of failing without a word."""
    if name.startswith("__"):
        raise AttributeError(name)
    raise ImportError(
        f"inside an endpoint azureml.core has Model and VERSION only, not {name}: a scoring script reaches its models with "
        "Model.get_model_path or AZUREML_MODEL_DIR"
    )
