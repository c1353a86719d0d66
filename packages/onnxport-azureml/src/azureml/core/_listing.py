"""One value for two eras: a listing that is a dict, can be called like a method, and whose keys answer like the objects."""

from collections.abc import Iterator, Mapping
from typing import Any, Self


class Key(str):
    """A name that forwards whatever text does not have to the object of that name."""

    __slots__ = ("_named",)
    _named: Any

    def __new__(cls, name: str, named: Any) -> Self:
        """The name of an object."""
        key = super().__new__(cls, name)
        key._named = named
        return key

    @property
    def name(self) -> str:
        """The name itself."""
        return str(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._named, name)


class Listing(dict[str, Any]):
    """Objects by name.

    `ws.models()` of 2018 and `ws.models` of later give the same; going through it gives names, which have the objects' attributes.
    """

    def __init__(self, objects: Mapping[str, Any]) -> None:
        super().__init__({Key(name, value): value for name, value in objects.items()})

    def __call__(self) -> Self:
        """The listing itself."""
        return self

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()
