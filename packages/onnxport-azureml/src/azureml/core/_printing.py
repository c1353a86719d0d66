"""What is printed while something is made, in the form that old notebooks show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_SAID: set[str] = set()


@dataclass
class _Step:
    detail: str = ""


@dataclass
class Printed:
    """Prints what a step has to say while it takes its time, and keeps the steps."""

    show: bool = True
    steps: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[_Step]:
        """Begin a step."""
        self.steps.append(title)
        yield _Step()

    def notice(self, text: str) -> None:
        """Print a line."""
        if self.show:
            say(text)


def say(text: str) -> None:
    """Print a line."""
    print(text, flush=True)  # noqa: T201 - the vendor's SDK prints, and notebooks show it


def say_once(text: str) -> None:
    """Print a line unless it was printed already by this process."""
    if text not in _SAID:
        _SAID.add(text)
        say(text)


def say_finished(what: str, outcome: str) -> None:
    """The three lines that end whatever was made."""
    say("Running.")
    say(outcome)
    say(f'{what}, operation "{outcome}"')
