"""The fronts that serve, or are to serve, one set of revisions."""

import time
from dataclasses import dataclass, field

from onnxport_serve.documents import EndpointSpec
from onnxport_serve.supervisor.front import Front

_STEADY_S = 10.0
_FREE_RESTARTS = 5
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


@dataclass(slots=True)
class Fleet:
    """Fronts with the same revisions, and when a lost one may be started again.

    `document` and `spec` change together when weights, keys or limits change.
    """

    spec: EndpointSpec
    document: bytes
    wanted: int
    fronts: list[Front] = field(default_factory=list)
    restart_at: float = 0.0
    _quick_deaths: int = 0

    @property
    def serves(self) -> bool:
        """Whether every front accepts and has applied the document."""
        return len(self.fronts) == self.wanted and all(
            front.state == "accepting" and front.generation == self.spec.generation
            for front in self.fronts
        )

    @property
    def is_loaded(self) -> bool:
        """Whether every front has loaded the revisions."""
        return len(self.fronts) == self.wanted and all(
            front.state != "loading" for front in self.fronts
        )

    @property
    def accepting(self) -> list[Front]:
        """The fronts that take connections."""
        return [front for front in self.fronts if front.state == "accepting"]

    def lose(self, front: Front) -> None:
        """A front has ended: the next one may start at once, or later when many have ended quickly in a row."""
        self.fronts.remove(front)
        now = time.monotonic()
        self._quick_deaths = 0 if now - front.started > _STEADY_S else self._quick_deaths + 1
        pause = 0.0
        if self._quick_deaths > _FREE_RESTARTS:
            # Bounded: a process that dies for days must not overflow a float.
            doublings = min(self._quick_deaths - _FREE_RESTARTS - 1, 16)
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**doublings)
        self.restart_at = now + pause
