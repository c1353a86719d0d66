"""simdjson, where this Python has it.

Elsewhere `Parser` is `None`, no node is an `Array` or `Object`, and the exact way reads everything.
"""

from typing import Any

Parser: Any
Array: Any
Object: Any
try:
    from simdjson import Array, Object, Parser
except ImportError:  # no wheel for this interpreter yet; `onnxport doctor` says so
    Parser = Array = Object = None
