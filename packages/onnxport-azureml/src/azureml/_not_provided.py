"""What is named by the vendor's SDK and not there: an error that says what to use instead, wherever it is touched."""

from collections.abc import Callable
from typing import Any, NoReturn

from azureml.exceptions import NotProvidedException


def not_provided(what: str, instead: str) -> NoReturn:
    """Raise the error."""
    raise NotProvidedException(f"{what} is not provided by onnxport-azureml. {instead}")


def absent(what: str, instead: str) -> Callable[..., Any]:
    """A method that is not there."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        not_provided(what, instead)

    refuse.__doc__ = f"Not provided: {instead}"
    refuse.instead = instead  # type: ignore[attr-defined]
    return refuse


class Absent(type):
    """The type of classes that are not there: they can be imported and nothing else."""

    instead: str

    def __call__(cls, *_: Any, **__: Any) -> NoReturn:
        not_provided(cls.__name__, cls.instead)

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        not_provided(f"{cls.__name__}.{name}", cls.instead)
