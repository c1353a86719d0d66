"""What a part of a file states; parts are added up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce


@dataclass(frozen=True, slots=True)
class Statements:
    """Requirements, bounds, options, variables, a Python version, notices for people, and what is left out with the reason."""

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    notices: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: "Statements") -> "Statements":
        """Both; of two Python versions the later one."""
        return Statements(
            self.requirements + other.requirements,
            self.constraints + other.constraints,
            self.options + other.options,
            {**self.variables, **other.variables},
            other.python or self.python,
            self.notices + other.notices,
            self.left_out + other.left_out,
        )


def add_up(parts: Iterable[Statements]) -> Statements:
    """All parts in their order."""
    return reduce(Statements.__add__, parts, Statements())
