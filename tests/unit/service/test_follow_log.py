"""Following a log that grows, is cut, and is replaced."""

import threading

import pytest
from onnxport.service.endpoint.follow_log import follow


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "endpoint.log"
    path.write_text("one\ntwo\nthree\nfou")
    return path


def append(log, text):
    with log.open("a") as file:
        file.write(text)


def test_the_last_whole_lines_come_first_then_new_ones(log):
    lines = follow(log, 2)

    assert ["two", "three"] == [next(lines), next(lines)]
    append(log, "r\nfive\n")
    assert ["four", "five"] == [next(lines), next(lines)]


def test_no_last_lines_when_none_are_wanted(log):
    append(log, "r\n")
    lines = follow(log, 0)
    writer = threading.Timer(0.05, lambda: append(log, "five\n"))
    writer.start()

    assert "five" == next(lines)


def test_a_fresh_file_under_the_name_is_followed(log):
    lines = follow(log, 1)
    assert "three" == next(lines)
    log.rename(log.with_suffix(".1"))
    log.write_text("fresh\n")

    assert ["fou", "fresh"] == [next(lines), next(lines)]


def test_a_file_that_was_cut_is_followed_from_its_start(log):
    lines = follow(log, 1)
    assert "three" == next(lines)
    log.write_text("new\n")

    assert "new" == next(lines)
