"""Log lines for people."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.service.endpoint.log_text import readable

TIME = {"time": "2026-11-26T11:40:31.123Z"}


def test_a_structured_line_is_a_sentence() -> None:
    line = json.dumps({**TIME, "level": "info", "event": "serving", "generation": 3})

    assert "11:40:31 info    serving  generation=3" == readable(line)


def test_a_traceback_stands_below_line_by_line() -> None:
    trace = 'Traceback (most recent call last):\n  File "score.py", line 3, in run\nValueError: no'
    line = json.dumps(
        {**TIME, "level": "error", "event": "run() failed", "text": trace, "revision": 1}
    )

    assert [
        "11:40:31 error   run() failed  revision=1",
        "    Traceback (most recent call last):",
        '      File "score.py", line 3, in run',
        "    ValueError: no",
    ] == readable(line).splitlines()


def test_what_a_script_prints_comes_first() -> None:
    line = json.dumps({**TIME, "level": "info", "event": "stdout", "text": "hello", "worker": 7})

    assert "11:40:31 info    stdout  hello  worker=7" == readable(line)


@pytest.mark.parametrize("line", ["plain", "{not json", '{"no": "event"}', "[1]", ""])
def test_other_lines_stay(line: str) -> None:
    assert line == readable(line)


@given(text=st.text(), event=st.text())
def test_nothing_moves_the_cursor(text: str, event: str) -> None:
    shown = readable(json.dumps({"event": event, "text": text, "x": text}))

    assert all(line.isprintable() for line in shown.split("\n"))
    assert all(line.isprintable() for line in readable(text).split("\n"))
