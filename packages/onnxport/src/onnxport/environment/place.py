"""A place for an environment: a folder there is always whole. It is filled beside its place by one builder, then renamed into it.

Whoever builds or removes holds the place's lock file, so two that need an environment at once make it once.
"""

import fcntl
import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RECORD = "onnxport-environment.json"
"""Written last into an environment; what has none is not whole."""

_BUILDING = ".building"


def machine_name() -> str:
    """What an environment is bound to, such as `linux-x86_64`."""
    return f"{platform.system()}-{platform.machine()}".lower()


def python_of(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / "bin" / "python"


def is_whole(place: Path) -> bool:
    """Whether the environment is there and its interpreter still exists."""
    return (place / RECORD).is_file() and python_of(place).exists()


def ensure_place(place: Path, fill: Callable[[Path], Mapping[str, Any]]) -> None:
    """Fill a place unless it is whole.

    Args:
        place: where the environment will be.
        fill: makes the environment in the folder that it is given and returns its record.
    """
    if is_whole(place):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with _sole_holder(place) as held:
        assert held
        if not is_whole(place):
            _fill(place, fill)


def remove_place(place: Path) -> None:
    """Remove an environment; one that is being made is waited for."""
    with _sole_holder(place):
        if place.exists():
            place.rename(_beside(place))
        _remove_leftovers(place)


def remove_unfinished(folder: Path) -> int:
    """Remove what killed builds left in a folder of places; returns how many. Builds that are running are let be."""
    removed = 0
    for leftover in folder.glob(f".*{_BUILDING}"):
        place = folder / leftover.name[1:].rsplit(".", 2)[0]
        with _sole_holder(place, wait=False) as held:
            if held:
                shutil.rmtree(leftover, ignore_errors=True)
                removed += 1
    return removed


def _fill(place: Path, fill: Callable[[Path], Mapping[str, Any]]) -> None:
    _remove_leftovers(place)
    shutil.rmtree(place, ignore_errors=True)
    beside = _beside(place)
    try:
        record = fill(beside)
        (beside / RECORD).write_text(json.dumps(record), encoding="utf-8")
        beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _beside(place: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=_BUILDING, dir=place.parent))


def _remove_leftovers(place: Path) -> None:
    for leftover in place.parent.glob(f".{place.name}.*{_BUILDING}"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _sole_holder(place: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock file of a place, or learn that another does; the system lets go of it when the holder ends, however it ends."""
    with place.with_name(f".{place.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
