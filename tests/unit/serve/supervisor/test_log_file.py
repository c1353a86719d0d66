"""The log of an endpoint does not grow without bound, and loses no line when it is turned over."""

import os

import pytest
from onnxport_serve.supervisor.log_file import LogFile


@pytest.mark.parametrize("flags", [os.O_APPEND, 0], ids=["appended", "written"])
def test_a_large_file_is_copied_and_emptied(tmp_path, flags):
    path = tmp_path / "endpoint.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags)
    log = LogFile(descriptor, largest=100)
    for number in range(30):
        log.write(b"line %04d\n" % number)
    os.close(descriptor)
    kept = (tmp_path / "endpoint.log.1").read_bytes() + path.read_bytes()
    lines = kept.splitlines()
    assert path.stat().st_size <= 110
    assert lines[-1] == b"line 0029"
    assert lines == [b"line %04d" % number for number in range(30 - len(lines), 30)]


def test_a_pipe_is_never_turned_over():
    reader, writer = os.pipe()
    LogFile(writer, largest=10).write(b"a line that is longer\n")
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        assert file.read() == b"a line that is longer\n"


def test_a_closed_reader_is_no_reason_to_stop():
    reader, writer = os.pipe()
    os.close(reader)
    LogFile(writer).write(b"nobody reads this\n")
    os.close(writer)
