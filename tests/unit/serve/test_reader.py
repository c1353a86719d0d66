"""Parsing does not depend on how the network cuts a stream, and no stream of bytes breaks a connection."""

import itertools
import re
from collections.abc import Iterator

import pytest
from fake.http_endpoint import build
from fake.wire import Bench
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

BODY = b'{"data": [1, 2]}'
CHUNKED = b"5\r\n" + BODY[:5] + b"\r\nb;x=y\r\n" + BODY[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
UPGRADE = {
    "Connection": "Upgrade, HTTP2-Settings",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAEAAEAAAAIAAAAB",
}
REQUESTS = [
    build("GET", "/"),
    build("POST", "/score", BODY),
    build("POST", "/score", BODY + b" " * 20_000),
    build("POST", "/score", CHUNKED, {"Transfer-Encoding": "chunked"}),
    build("POST", "/score", b"{"),
    build("HEAD", "/docs"),
    build("GET", "/v2/models/other?x=%zz"),
    build("POST", "/score", BODY, {"x-request-id": "mine"}),
    build("GET", "/", headers={"Connection": "close"}),
    b"\r\n" + build("GET", "/v2/health/live"),
    build("GET", "/", headers=UPGRADE),
    build("POST", "/score", BODY, UPGRADE),
    build("POST", "/score", BODY + b" " * 20_000, UPGRADE),
    build("POST", "/score", CHUNKED, {**UPGRADE, "Transfer-Encoding": "chunked"}),
    build("POST", "/score", BODY, {**UPGRADE, "Connection": "Upgrade, close"}),
    build("CONNECT", "example.org:443", headers=UPGRADE),
    b"garbage\r\n\r\n",
]
VARYING = re.compile(
    rb"date: [^\r]+|x-request-id: \S+|x-ms-request-id: \S+|server-timing: [^\r]+|exec-ms: \S+|request_id\":\"[^\"]+"
)
many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def split(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


@many
@given(
    st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6),
    st.lists(st.integers(0, 1 << 20), max_size=12),
)
def test_answers_do_not_depend_on_how_a_stream_is_cut(
    bench: Bench, requests: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(requests)
    whole, cut = bench.feed(stream), bench.feed(*split(stream, cuts))

    assert VARYING.sub(b"", whole.written) == VARYING.sub(b"", cut.written)
    assert whole.is_closed == cut.is_closed


@many
@given(
    st.sampled_from([b"", BODY, BODY + b" " * 20_000, CHUNKED]),
    st.booleans(),
    st.lists(st.integers(0, 1 << 20), max_size=8),
)
def test_an_offer_of_another_protocol_changes_no_answer(
    bench: Bench, body: bytes, closes: bool, cuts: list[int]
) -> None:
    more = {"Transfer-Encoding": "chunked"} if body is CHUNKED else {}
    connection = {"Connection": "close"} if closes else {}
    both = {"Connection": UPGRADE["Connection"] + (", close" if closes else "")}
    behind = build("POST", "/score", BODY)
    plain = build("POST", "/score", body, {**more, **connection}) + behind
    offering = build("POST", "/score", body, {**more, **UPGRADE, **both}) + behind
    expected, actual = bench.feed(plain), bench.feed(*split(offering, cuts))

    assert VARYING.sub(b"", expected.written) == VARYING.sub(b"", actual.written)
    assert expected.is_closed == actual.is_closed


@many
@given(st.sampled_from(REQUESTS))
def test_one_byte_at_a_time_is_the_same_request(bench: Bench, request_bytes: bytes) -> None:
    if len(request_bytes) > 600:
        request_bytes = REQUESTS[1]
    pieces = [bytes((byte,)) for byte in request_bytes]
    whole, cut = bench.feed(request_bytes), bench.feed(*pieces)

    assert VARYING.sub(b"", whole.written) == VARYING.sub(b"", cut.written)


@many
@given(
    st.sampled_from(REQUESTS),
    st.lists(
        st.tuples(st.integers(0, 1 << 16), st.binary(max_size=4), st.integers(0, 8)), max_size=4
    ),
    st.lists(st.integers(0, 1 << 20), max_size=3),
)
@example(REQUESTS[1], [(40, b"\x00", 0)], [])
def test_no_mutation_of_a_request_is_a_fault(
    bench: Bench, request_bytes: bytes, edits: list[tuple[int, bytes, int]], cuts: list[int]
) -> None:
    stream = bytearray(request_bytes)
    for position, inserted, removed in edits:
        start = position % (len(stream) + 1)
        stream[start : start + removed] = inserted
    wire = bench.feed(*split(bytes(stream), cuts))

    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", wire.written)]
    assert [] == [status for status in statuses if status >= 500 and status != 501]
    assert 0 == bench.app.admission.buffered
    assert 0 == bench.app.connections
