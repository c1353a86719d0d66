"""What the command lines of wget and curl ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.mirror.hook.curl import read_curl
from onnxport.mirror.hook.wget import read_wget

URL = "https://host.example/folder/file.tar.gz"


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("", "file.tar.gz"),
        ("-q", "file.tar.gz"),
        ("-O out.bin", "out.bin"),
        ("-Oout.bin", "out.bin"),
        ("-qO out.bin", "out.bin"),
        ("-qO-", "-"),
        ("-O -", "-"),
        ("--output-document=out.bin", "out.bin"),
        ("--output-document out.bin", "out.bin"),
        ("-P data", "data/file.tar.gz"),
        ("--directory-prefix=data -nc -c", "data/file.tar.gz"),
        ("--no-check-certificate --tries=3 -T 10", "file.tar.gz"),
        ("--header 'x: y' -U agent", "file.tar.gz"),
    ],
)
def test_wget_writes_where_it_is_told(line: str, target: str) -> None:
    import shlex

    assert [(URL, target)] == read_wget([*shlex.split(line), URL]).downloads


def test_wget_keeps_the_query_in_the_name() -> None:
    assert "file.tar.gz?raw=true" == read_wget([f"{URL}?raw=true"]).downloads[0].target


def test_wget_leaves_files_that_are_there() -> None:
    assert read_wget(["-nc", URL]).keep
    assert read_wget(["-nv", "-nc", URL]).quiet


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("", "-"),
        ("-O", "file.tar.gz"),
        ("-LO", "file.tar.gz"),
        ("-L -o out.bin", "out.bin"),
        ("-sSLo out.bin", "out.bin"),
        ("--location --output out.bin", "out.bin"),
        ("--output=out.bin --retry 3", "out.bin"),
        ("--remote-name --silent -H 'a: b'", "file.tar.gz"),
        ("-O --output-dir data --create-dirs", "data/file.tar.gz"),
    ],
)
def test_curl_writes_where_it_is_told(line: str, target: str) -> None:
    import shlex

    assert [(URL, target)] == read_curl([*shlex.split(line), URL]).downloads


@pytest.mark.parametrize("options", [["-d", "x"], ["-X", "POST"], ["-F", "a=b"], ["-I"]])
def test_curl_that_sends_something_is_no_download(options: list[str]) -> None:
    assert [] == read_curl([*options, URL]).downloads


@given(st.lists(st.text(max_size=12), max_size=6))
def test_every_command_line_can_be_read(arguments: list[str]) -> None:
    read_wget(arguments)
    read_curl(arguments)


@given(
    st.lists(st.sampled_from(["-q", "-O", "x", "--tries=2", "-nc", URL, "--", "-P"]), max_size=6)
)
def test_what_is_passed_on_to_wget_holds_no_url_of_its_own(arguments: list[str]) -> None:
    command = read_wget(arguments)

    urls = {one.url for one in command.downloads}
    assert not urls & set(command.others) - {"x"} or "-O" in arguments or "-P" in arguments
