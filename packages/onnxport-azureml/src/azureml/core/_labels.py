"""Tags and properties in the forms of both eras, and the filters over them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from azureml.exceptions import WebserviceException

Tags = Mapping[str, Any] | Iterable[str] | None
OWN = "azureml."
"""Properties of an endpoint that begin with this are the façade's own."""


def tag_pairs(tags: Tags) -> dict[str, str]:
    """Tags as pairs of text: a list of words (2018) means words without a value."""
    if tags is None:
        return {}
    if isinstance(tags, str) or not isinstance(tags, (Mapping, Sequence, set, frozenset)):
        raise WebserviceException("Tags are a dict, or a list of words")
    pairs = tags if isinstance(tags, Mapping) else dict.fromkeys(tags, "")
    return {str(key): "" if value is None else str(value) for key, value in pairs.items()}


def optional_pairs(tags: Tags) -> dict[str, str] | None:
    """The same, `None` where nothing is given."""
    return None if tags is None else tag_pairs(tags)


def filter_pairs(wanted: Iterable[Any] | None) -> list[tuple[str, str | None]]:
    """A filter as `(key, value)`; the value is `None` where any will do."""
    if isinstance(wanted, Mapping):
        return [(str(key), None if value is None else str(value)) for key, value in wanted.items()]
    return [
        (one, None) if isinstance(one, str) else (str(one[0]), str(one[1])) for one in wanted or ()
    ]


def has_labels(labels: Mapping[str, str], wanted: Iterable[Any] | None) -> bool:
    """Whether labels pass a filter."""
    return all(
        key in labels and value in (None, labels[key]) for key, value in filter_pairs(wanted)
    )


def public_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """Properties without the façade's own."""
    return {key: value for key, value in properties.items() if not key.startswith(OWN)}
