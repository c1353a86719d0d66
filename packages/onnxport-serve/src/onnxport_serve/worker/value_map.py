"""Values by name, several for a name where a query or a form has several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

_Value = TypeVar("_Value")


class ValueMap(Generic[_Value]):
    """What scoring code reads queries and forms with; a name alone means its first value.

    Args:
        pairs: names and values in their order.
    """

    def __init__(self, pairs: Iterable[tuple[str, _Value]] = ()) -> None:
        self._values: dict[str, list[_Value]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(
        self,
        name: str,
        default: Any = None,
        type: Callable[[_Value], Any] | None = None,  # noqa: A002 - Flask's word
    ) -> Any:
        """The first value of a name, converted by `type`; the default where there is none or it cannot be converted."""
        if name not in self._values:
            return default
        value = self._values[name][0]
        if type is None:
            return value
        try:
            return type(value)
        except ValueError:
            return default

    def getlist(self, name: str) -> list[_Value]:
        """All values of a name."""
        return list(self._values.get(name, ()))

    def keys(self) -> list[str]:
        """The names."""
        return list(self._values)

    def values(self) -> list[_Value]:
        """The first value of every name."""
        return [values[0] for values in self._values.values()]

    def items(self) -> list[tuple[str, _Value]]:
        """Names with their first values."""
        return [(name, values[0]) for name, values in self._values.items()]

    def pairs(self) -> list[tuple[str, _Value]]:
        """Names with every value."""
        return [(name, value) for name, values in self._values.items() for value in values]

    def to_dict(self, flat: bool = True) -> dict[str, Any]:
        """A dictionary: first values, or with `flat=False` lists."""
        return dict(self.items()) if flat else {name: list(v) for name, v in self._values.items()}

    def __getitem__(self, name: str) -> _Value:
        return self._values[name][0]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
