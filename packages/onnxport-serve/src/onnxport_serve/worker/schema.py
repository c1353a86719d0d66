"""What the package `inference-schema` knows about a decorated `run`, where the script uses it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_ALL_VERSIONS = ["2.0", "3.0", "3.1"]
_NO_SCHEMA = {"type": "object", "example": {}}


def is_decorated(run: Callable[..., Any]) -> bool:
    """Whether `run` has `@input_schema` or `@output_schema`."""
    module = _schema_util()
    return module is not None and bool(module.is_schema_decorated(run))


def describe_schema(run: Callable[..., Any]) -> dict[str, Any]:
    """Schemas of input and output with their examples, and the Swagger versions that they can be written in."""
    module = _schema_util()
    if module is None or not module.is_schema_decorated(run):
        return {"input_schema": _NO_SCHEMA, "output_schema": _NO_SCHEMA, "versions": _ALL_VERSIONS}
    versions = getattr(module, "get_supported_versions", lambda _: ["2.0"])(run)
    return {
        "input_schema": module.get_input_schema(run),
        "output_schema": module.get_output_schema(run),
        "versions": list(versions),
    }


def _schema_util() -> Any:
    if "inference_schema" not in sys.modules:
        return None
    import inference_schema.schema_util as module  # type: ignore[import-not-found]

    return module
