"""The converters that there are, and their environments made ahead of use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxport.converter.find import all_converters, find_converter
from onnxport.converter.interface import Converter
from onnxport.converter.isolation.environment import EnvironmentCache


@dataclass(frozen=True, slots=True)
class ConverterStatus:
    """A converter as `convert --list` shows it."""

    converter: Converter
    ready: bool
    environment: Path


def list_converters(environments: EnvironmentCache | None = None) -> list[ConverterStatus]:
    """Every converter, with whether its environment is ready."""
    cache = environments or EnvironmentCache.of_user()
    return [
        ConverterStatus(
            converter,
            cache.is_ready(converter.environment),
            cache.place_of(converter.environment),
        )
        for converter in all_converters()
    ]


def prepare_environment(
    name: str,
    say: Callable[[str], None],
    environments: EnvironmentCache | None = None,
    packages: Sequence[str] = (),
) -> Path:
    """Make the environment of a converter ahead of its use; return its interpreter.

    Raises:
        ConverterNotFound: there is no such converter.
        EnvironmentFailed, UvNotFound: the environment cannot be made.
    """
    converter = find_converter(name)
    cache = environments or EnvironmentCache.of_user()
    return cache.ensure(name, converter.environment, say, packages)
