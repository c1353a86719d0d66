"""Loading those plug-ins of jax2onnx that are needed here, in the pinned version of the converter's environment.

Left to itself jax2onnx also loads those of other libraries and its examples, which make models and compile them: that takes longer than
all the rest of a conversion.
"""

from pathlib import Path

from jax2onnx.plugins import plugin_system

_NEEDED = ("jax", "flax")


def load_needed() -> None:
    """Load the plug-ins of JAX's primitives and of Flax's layers, once."""
    root = Path(plugin_system.__file__).parent
    for name in _NEEDED:
        plugin_system._import_tree(root / name, f"jax2onnx.plugins.{name}")  # noqa: SLF001
    plugin_system._already_imported_plugins = True  # noqa: SLF001
