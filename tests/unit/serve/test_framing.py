"""Heads of requests: what two readers could understand differently is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.errors import (
    BadRequest,
    MethodNotAllowed,
    NotImplementedHere,
    RequestError,
    UnsupportedMedia,
)
from onnxport_serve.framing import (
    add_header,
    body_length,
    check_coding,
    check_target,
    check_version,
)
from onnxport_serve.request import Request, decode_path

NOBODY: Any = None


def request(target: bytes, method: bytes = b"GET", **headers: bytes) -> Request:
    return Request(
        NOBODY, method, target, {name.encode(): value for name, value in headers.items()}
    )


@pytest.mark.parametrize("name", [b"Host", b"CONTENT-LENGTH", b"Authorization", b"Origin"])
def test_a_field_that_may_be_there_once_is_refused_twice(name: bytes) -> None:
    headers: dict[bytes, bytes] = {}
    add_header(headers, name, b"1")

    with pytest.raises(BadRequest, match="more than once"):
        add_header(headers, name.lower(), b"1")


def test_other_fields_are_joined_and_trimmed() -> None:
    headers: dict[bytes, bytes] = {}
    add_header(headers, b"Accept", b"a \t")
    add_header(headers, b"accept", b"b")

    assert {b"accept": b"a, b"} == headers


@pytest.mark.parametrize(
    ("headers", "length"),
    [({}, 0), ({b"content-length": b"12"}, 12), ({b"transfer-encoding": b"Chunked"}, None)],
)
def test_the_length_of_a_body(headers: dict[bytes, bytes], length: int | None) -> None:
    assert length == body_length(headers)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({b"transfer-encoding": b"chunked", b"content-length": b"1"}, BadRequest),
        ({b"transfer-encoding": b"gzip, chunked"}, NotImplementedHere),
        ({b"transfer-encoding": b"identity"}, NotImplementedHere),
    ],
)
def test_an_ambiguous_body_is_refused(
    headers: dict[bytes, bytes], error: type[RequestError]
) -> None:
    with pytest.raises(error):
        body_length(headers)


@pytest.mark.parametrize("coding", [b"gzip", b"identity, br", b"GZIP", b"x-anything"])
def test_a_coded_body_is_refused(coding: bytes) -> None:
    with pytest.raises(UnsupportedMedia, match="uncompressed"):
        check_coding({b"content-encoding": coding})


@pytest.mark.parametrize("headers", [{}, {b"content-encoding": b"Identity"}], ids=["none", "same"])
def test_a_plain_body_is_read(headers: dict[bytes, bytes]) -> None:
    check_coding(headers)


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "", "1"])
def test_other_versions_are_refused(version: str) -> None:
    with pytest.raises(BadRequest):
        check_version(request(b"/", host=b"localhost"), version)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://localhost", b"/"),
        (b"HTTP://localhost:80/score?x=http://a/", b"/score?x=http://a/"),
        (b"https://localhost/a", b"/a"),
    ],
)
def test_an_absolute_target_becomes_a_path_and_a_host(target: bytes, path: bytes) -> None:
    found = request(target, host=b"other")
    check_target(found)

    assert path == found.target
    assert found.headers[b"host"].startswith(b"localhost")


@pytest.mark.parametrize(
    ("method", "target", "error"),
    [
        (b"CONNECT", b"localhost:80", MethodNotAllowed),
        (b"GET", b"*", BadRequest),
        (b"GET", b"score", BadRequest),
        (b"GET", b"file:///etc/passwd", BadRequest),
        (b"GET", b"http://user@localhost/", BadRequest),
        (b"GET", b"", BadRequest),
    ],
)
def test_other_targets_are_refused(method: bytes, target: bytes, error: type[RequestError]) -> None:
    with pytest.raises(error):
        check_target(request(target, method))


@given(st.binary(max_size=60))
def test_a_path_is_decoded_once_or_refused(path: bytes) -> None:
    escaped = b"".join(b"%%%02x" % byte for byte in path)

    assert path == decode_path(escaped)
    assert path == decode_path(escaped + b"?%zz")


@pytest.mark.parametrize("path", [b"/%", b"/%1", b"/%zz", b"/%%41", b"/%4", b"/%g0"])
def test_a_broken_escape_is_not_a_path(path: bytes) -> None:
    assert None is decode_path(path)
