"""When a serving process that ended may be started again."""

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from onnxport_serve.supervisor.fleet import Fleet


def fleet_after(lifetimes: list[float]) -> tuple[Fleet, float]:
    """A fleet that has lost fronts which lived that many seconds, and the moment of the last loss."""
    fleet = Fleet(cast("Any", None), b"", 1)
    for lifetime in lifetimes:
        front = cast("Any", SimpleNamespace(started=time.monotonic() - lifetime))
        fleet.fronts.append(front)
        fleet.lose(front)
    return fleet, time.monotonic()


@pytest.mark.parametrize(
    "lifetimes",
    [[60.0], [0.1], [0.1] * 5, [0.1] * 5 + [60.0, 0.1]],
    ids=["steady", "first", "fifth", "again"],
)
def test_a_lost_front_is_started_again_at_once(lifetimes: list[float]) -> None:
    fleet, now = fleet_after(lifetimes)

    assert fleet.restart_at <= now


@pytest.mark.parametrize(
    ("deaths", "pause"), [(6, 0.5), (7, 1.0), (8, 2.0), (30, 10.0), (2000, 10.0)]
)
def test_many_quick_deaths_in_a_row_are_answered_with_growing_pauses(
    deaths: int, pause: float
) -> None:
    fleet, now = fleet_after([0.1] * deaths)

    assert pause == pytest.approx(fleet.restart_at - now, abs=0.05)
