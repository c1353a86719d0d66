"""How a service tells its caller which step it is at."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class StepDetail(Protocol):
    """A running step; `detail` may be set to what there is to say about it."""

    detail: str


class Progress(Protocol):
    """Shows steps: a terminal, a log, nothing."""

    def step(self, title: str) -> AbstractContextManager[StepDetail]:
        """Begin a step; leaving the context ends it, an exception fails it."""
        ...

    def notice(self, text: str) -> None:
        """Tell something at once, while a step takes its time."""
        ...


class _Unseen:
    detail = ""


class NoProgress:
    """Shows nothing."""

    @contextmanager
    def step(self, title: str) -> Iterator[StepDetail]:  # noqa: ARG002 - nothing is shown
        """Do nothing."""
        yield _Unseen()

    def notice(self, text: str) -> None:
        """Do nothing."""
