"""Log lines are one JSON object or one short line each, and never raise."""

import json
import os

import pytest
from onnxport_serve.log import LEVELS, Log, open_log


def _written(level: str, *, as_json: bool, write: str = "info") -> bytes:
    reader, writer = os.pipe()
    getattr(Log(writer, level, as_json), write)("front ready", generation=3, why="a b\n")
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        return file.read()


def test_json_line_has_time_level_event_and_fields() -> None:
    line = json.loads(_written("info", as_json=True))
    time = line.pop("time")
    assert line == {"level": "info", "event": "front ready", "generation": 3, "why": "a b\n"}
    assert (24, "Z") == (len(time), time[-1])


def test_text_line_is_one_line_for_people() -> None:
    line = _written("info", as_json=False).decode()
    assert line[9:] == 'info    front ready  generation=3  why="a b\\n"\n'


@pytest.mark.parametrize("level", LEVELS)
def test_lines_below_the_level_are_not_written(level: str) -> None:
    written = [bool(_written(level, as_json=True, write=write)) for write in LEVELS]
    assert written == [LEVELS.index(write) >= LEVELS.index(level) for write in LEVELS]


def test_a_closed_reader_is_not_an_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    Log(writer).error("nobody reads this")
    os.close(writer)


def test_settings_give_another_process_the_same_form() -> None:
    log = Log(2, "debug", as_json=False)
    assert log.settings == open_log(1, log.settings).settings


@pytest.mark.parametrize(
    "environment",
    [{"ONNXPORT_SERVE_LOG_LEVEL": "loud"}, {"ONNXPORT_SERVE_LOG_FORMAT": "xml"}],
    ids=["level", "format"],
)
def test_unknown_settings_are_refused_with_what_would_be_right(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        open_log(2, environment)
