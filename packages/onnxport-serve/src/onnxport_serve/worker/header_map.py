"""Headers by name, whatever its case; a name may be there several times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


class HeaderMap:
    """What scoring code reads and sets headers with.

    Args:
        pairs: names and values in their order.
    """

    def __init__(self, pairs: Iterable[Sequence[str]] = ()) -> None:
        self._pairs = [(name, value) for name, value in pairs]

    def add(self, name: str, value: object) -> None:
        """One more, beside those of the same name."""
        self._pairs.append((name, str(value)))

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a name."""
        wanted = name.lower()
        return next((value for known, value in self._pairs if known.lower() == wanted), default)

    def getlist(self, name: str) -> list[str]:
        """All values of a name."""
        wanted = name.lower()
        return [value for known, value in self._pairs if known.lower() == wanted]

    def items(self) -> list[tuple[str, str]]:
        """Names and values in their order."""
        return list(self._pairs)

    def keys(self) -> list[str]:
        """The names in their order."""
        return [name for name, _ in self._pairs]

    def __getitem__(self, name: str) -> str:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, value: object) -> None:
        self._pairs = [pair for pair in self._pairs if pair[0].lower() != name.lower()]
        self.add(name, value)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items())

    def __len__(self) -> int:
        return len(self._pairs)
