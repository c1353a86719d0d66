"""The names of categories that a booster keeps (XGBoost 3.1 and later)."""

import itertools
from collections.abc import Mapping
from typing import Any


def kept_categories(grown: Mapping[str, Any]) -> dict[int, tuple[Any, ...]]:
    """The categories by column, from the document of a gradient booster; columns without are left out."""
    model = grown.get("gbtree", grown).get("model", {})
    found = enumerate(model.get("cats", {}).get("enc", ()))
    named = ((column, _names_in(kept)) for column, kept in found)
    return {column: names for column, names in named if names}


def _names_in(kept: Mapping[str, Any]) -> tuple[Any, ...]:
    """Numbers as they are; text is kept as its bytes, and where each ends."""
    values, offsets = kept.get("values", []), kept.get("offsets")
    if not offsets:
        return tuple(values)
    text = bytes(value & 0xFF for value in values)
    return tuple(text[a:b].decode("utf-8", "replace") for a, b in itertools.pairwise(offsets))
