"""Labels that people give to models, images and endpoints: a description, tags that may change, properties that do not."""

from collections.abc import Iterable, Mapping
from typing import Any

from onnxport.service.model.errors import InvalidLabel

Labels = Mapping[str, str] | Iterable[str]
"""Tags as `{key: value}`, or as bare words, which have the value ''."""

_LONGEST_KEY = 255


def as_mapping(labels: Labels | None) -> Mapping[str, str]:
    """Tags as a mapping, whatever form they were given in."""
    if labels is None:
        return {}
    if isinstance(labels, str):
        return {labels: ""}
    return labels if isinstance(labels, Mapping) else dict.fromkeys(labels, "")


def checked_pairs(kind: str, pairs: Mapping[str, str]) -> dict[str, str]:
    """The pairs; raises `InvalidLabel` for one that cannot be kept."""
    for key, value in pairs.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InvalidLabel(kind, "has a key or a value that is not text")
        if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
            raise InvalidLabel(kind, f"has the key {key[:80]!r}")
        check_text(kind, value)
    return dict(pairs)


def check_text(kind: str, text: str) -> None:
    """Raise `InvalidLabel` for text that cannot be kept."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidLabel(kind, "is not Unicode text") from None
    if "\x00" in text:
        raise InvalidLabel(kind, "holds a null character")


def given_labels(
    description: str | None, tags: Labels | None, properties: Mapping[str, str] | None
) -> dict[str, Any]:
    """Those that are given, checked, by their names; raises `InvalidLabel`."""
    given: dict[str, Any] = {}
    if description is not None:
        check_text("description", description)
        given["description"] = description
    if tags is not None:
        given["tags"] = checked_pairs("tag", as_mapping(tags))
    if properties is not None:
        given["properties"] = checked_pairs("property", properties)
    return given
