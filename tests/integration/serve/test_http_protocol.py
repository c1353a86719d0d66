"""Raw bytes to a real connection: what is answered, in which order, and how connections end."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator

import pytest
import uvloop
from fake.http_endpoint import Client, Endpoint, Settings, build, running, wait_until
from onnxport_serve.documents import Limits

BODY = b'{"data": [1, 2]}'
SCORE = build("POST", "/score", BODY)


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    with running(Settings(loop=request.param)) as started:
        yield started


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[Client]:
    with endpoint.connect() as connected:
        yield connected


def test_a_request_is_answered_and_the_connection_stays(client: Client) -> None:
    for _ in range(3):
        client.send(SCORE)
        assert {"result": [2, 4], "version": "1"} == client.read().json()


def test_pipelined_requests_are_answered_in_order(client: Client) -> None:
    numbers = range(300)
    client.send(b"".join(build("POST", "/score", b'{"data": [%d]}' % number) for number in numbers))

    assert [[2 * number] for number in numbers] == [client.read().json()["result"] for _ in numbers]


def test_pipelined_requests_behind_a_run_on_a_thread_keep_their_order(
    endpoint: Endpoint, client: Client
) -> None:
    large = json.dumps({"data": [-2, *range(20)]}).encode()
    client.send(build("POST", "/score", large) + SCORE * 2000)
    assert endpoint.execution.entered.acquire(timeout=20)
    endpoint.execution.gate.set()

    assert -4 == client.read().json()["result"][0]
    for _ in range(2000):
        assert [2, 4] == client.read().json()["result"]


def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    for byte in SCORE:
        client.send(bytes((byte,)))

    assert [2, 4] == client.read().json()["result"]


def test_head_and_body_may_come_apart(client: Client) -> None:
    for _ in range(2):
        client.send(SCORE[: -len(BODY)])
        client.send(BODY)
        assert [2, 4] == client.read().json()["result"]


def test_the_same_head_with_another_body_is_another_request(client: Client) -> None:
    for number in range(10):
        client.send(build("POST", "/score", b'{"data": [%d]}' % number))
        assert [2 * number] == client.read().json()["result"]


def test_a_known_head_may_be_followed_by_another_request(client: Client) -> None:
    client.send(SCORE)
    client.read()
    client.send(SCORE + build("GET", "/"))

    assert [2, 4] == client.read().json()["result"]
    assert b"Healthy" == client.read().body


def test_a_known_head_may_come_with_half_of_its_body(client: Client) -> None:
    client.send(SCORE)
    client.read()
    client.send(SCORE[:-4])
    client.send(SCORE[-4:])

    assert [2, 4] == client.read().json()["result"]


def test_half_a_head_is_never_taken_for_a_known_one(client: Client) -> None:
    """The first piece is as long as three bytes and the body, the most that a careless sum would accept."""
    cut = 3 + len(BODY)
    for _ in range(3):
        client.send(SCORE[:cut])
        time.sleep(0.01)  # there is nothing to poll: the piece must arrive on its own
        client.send(SCORE[cut:])
        assert [2, 4] == client.read().json()["result"]


def test_chunks_are_one_body(client: Client) -> None:
    chunks = (
        b"5;extension=1\r\n" + BODY[:5] + b"\r\nb\r\n" + BODY[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
    )
    client.send(build("POST", "/score", chunks, {"Transfer-Encoding": "chunked"}) + SCORE)

    assert [2, 4] == client.read().json()["result"]
    assert [2, 4] == client.read().json()["result"]


def test_a_client_that_waits_is_told_to_continue(client: Client) -> None:
    head = build("POST", "/score", b"", {"Expect": "100-continue", "Content-Length": "16"})
    client.send(head)
    assert 100 == client.read().status
    client.send(BODY)

    assert [2, 4] == client.read().json()["result"]


def test_a_client_that_waits_behind_another_answer_is_told_in_its_turn(
    endpoint: Endpoint, client: Client
) -> None:
    large = json.dumps({"data": [-2, *range(20)]}).encode()
    head = build("POST", "/score", b"", {"Expect": "100-continue", "Content-Length": "16"})
    client.send(build("POST", "/score", large) + head)
    assert endpoint.execution.entered.acquire(timeout=20)
    endpoint.execution.gate.set()

    assert 200 == client.read().status
    assert 100 == client.read().status
    client.send(BODY)
    assert 200 == client.read().status


def test_head_answers_like_get_without_a_body(client: Client) -> None:
    client.send(build("HEAD", "/") + build("GET", "/"))

    head, get = client.read("HEAD"), client.read()
    assert (200, "7", b"") == (head.status, head.headers["content-length"], head.body)
    assert b"Healthy" == get.body


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_connection_close_is_honoured(client: Client, version: str) -> None:
    client.send(build("GET", "/", headers={"Connection": "close"}, version=version))

    assert "close" == client.read().headers["connection"]
    assert client.is_closed()


def test_http_1_0_closes_unless_asked_to_stay(client: Client) -> None:
    keep = build("GET", "/", headers={"Connection": "keep-alive"}, version="1.0")
    client.send(keep)
    assert "keep-alive" == client.read().headers["connection"]
    client.send(build("GET", "/", version="1.0"))

    assert "close" == client.read().headers["connection"]
    assert client.is_closed()


def test_http_1_0_needs_no_host(client: Client) -> None:
    client.send(b"GET / HTTP/1.0\r\n\r\n")

    assert 200 == client.read().status


def test_input_after_a_closing_request_is_not_answered(client: Client) -> None:
    client.send(build("GET", "/", headers={"Connection": "close"}) + build("GET", "/"))

    assert 200 == client.read().status
    assert client.is_closed()


def test_a_half_closed_client_gets_its_answers(endpoint: Endpoint, client: Client) -> None:
    large = json.dumps({"data": [-2, *range(20)]}).encode()
    client.send(build("POST", "/score", large) + SCORE * 3)
    client.socket.shutdown(socket.SHUT_WR)
    assert endpoint.execution.entered.acquire(timeout=20)
    endpoint.execution.gate.set()

    assert [200] * 4 == [client.read().status for _ in range(4)]
    assert client.is_closed()


def test_a_half_closed_client_in_the_middle_of_a_request_is_closed(client: Client) -> None:
    client.send(SCORE[:-3])
    client.socket.shutdown(socket.SHUT_WR)

    assert client.is_closed()


@pytest.mark.parametrize(
    ("method", "path", "body", "more"),
    [
        ("GET", "/", b"", {}),
        ("POST", "/score", BODY, {}),
        ("POST", "/score", BODY + b" " * 100_000, {}),
        ("POST", "/score", b"10\r\n" + BODY + b"\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}),
    ],
    ids=["no body", "small", "large", "chunks"],
)
def test_an_offer_of_another_protocol_is_not_taken_up(
    client: Client, method: str, path: str, body: bytes, more: dict[str, str]
) -> None:
    """Java's own HTTP client sends these headers with every request until it is answered in HTTP/2."""
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEA"}
    request = build(method, path, body, {**offer, **more})
    for _ in range(2):
        client.send(request * 2 + SCORE)
        answers = [client.read() for _ in range(3)]

        assert [200] * 3 == [answer.status for answer in answers]
        assert not any("upgrade" in answer.headers for answer in answers)
        assert b"[2, 4]" in answers[2].body
        assert method == "GET" or b"[2, 4]" in answers[1].body


def test_a_body_after_an_offer_of_another_protocol_may_come_later(client: Client) -> None:
    offer = {"Connection": "Upgrade", "Upgrade": "h2c", "Content-Length": "16"}
    client.send(build("POST", "/score", b"", {**offer, "Expect": "100-continue"}))
    assert 100 == client.read().status
    client.send(BODY + SCORE)

    assert [[2, 4]] * 2 == [client.read().json()["result"] for _ in range(2)]


def test_what_follows_an_offer_that_is_not_taken_up_is_http(client: Client) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    client.send(build("GET", "/", headers=headers) + b"\x81\x05hello\r\n\r\n")

    assert [200, 400] == [client.read().status for _ in range(2)]
    assert client.is_closed()


def test_an_absolute_target_is_brought_to_its_path(client: Client) -> None:
    client.send(build("GET", "http://localhost:8000/v2/health/live?x=1"))

    assert {"live": True} == client.read().json()


def test_the_authority_of_an_absolute_target_is_checked_instead_of_host(client: Client) -> None:
    client.send(build("GET", "http://rebound.example/"))

    assert 403 == client.read().status


def test_paths_are_percent_decoded(client: Client) -> None:
    client.send(build("GET", "/v2/models/%69ris%2Fready"))

    assert {"name": "iris", "ready": True} == client.read().json()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\nHost: localhost\n\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"GET /\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBad name: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        build("POST", "/score", b"abcd", {"Content-Length": "3, 4"}),
        build("POST", "/score", b"abcd", {"Content-Length": "-4"}),
        build("POST", "/score", b"abcd", {"Content-Length": "0x4"}),
        build("POST", "/score", b"abcd", {"Content-Length": "4", "content-length": "4"}),
        build(
            "POST", "/score", b"0\r\n\r\n", {"Transfer-Encoding": "chunked", "Content-Length": "5"}
        ),
        build(
            "POST", "/score", b"0\r\n\r\n", {"Content-Length": "5", "Transfer-Encoding": "chunked"}
        ),
        build("POST", "/score", b"0\r\n\r\n", {"Transfer-Encoding": "xchunked"}),
        build("POST", "/score", b"0\r\n\r\n", {"Transfer-Encoding": "chunked"}, version="1.0"),
        build("POST", "/score", b"zz\r\nab\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}),
        build("POST", "/score", b"2\nab\n0\n\n", {"Transfer-Encoding": "chunked"}),
    ],
    ids=lambda data: repr(data[:60]),
)
def test_what_is_not_clean_http_is_refused(client: Client, request_bytes: bytes) -> None:
    client.send(request_bytes)

    answer = client.read()
    assert answer.status in (400, 501)
    assert {"message", "code", "request_id"} == set(answer.json())


def test_nothing_is_read_from_what_follows_a_refused_request(
    endpoint: Endpoint, client: Client
) -> None:
    smuggled = build("POST", "/score", SCORE, {"Content-Length": "4", "Transfer-Encoding": "x"})
    client.send(smuggled)

    assert (400, "close") == ((answer := client.read()).status, answer.headers["connection"])
    assert client.is_closed()
    assert 0 == endpoint.execution.runs


def test_a_refusal_keeps_its_place_behind_earlier_answers(client: Client) -> None:
    client.send(SCORE + SCORE + b"garbage\r\n\r\n")

    assert [200, 200, 400] == [client.read().status for _ in range(3)]
    assert client.is_closed()


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PROPFIND"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    client.send(build(method, "localhost:80" if method == "CONNECT" else "/score"))

    assert 405 == client.read().status


def test_options_names_the_methods(client: Client) -> None:
    client.send(build("OPTIONS", "/score") + build("OPTIONS", "*"))

    answer = client.read()
    assert (200, b"", "POST, OPTIONS") == (answer.status, answer.body, answer.headers["allow"])
    assert 200 == client.read().status


def test_a_client_that_does_not_read_is_not_answered_further(endpoint: Endpoint) -> None:
    """Answers wait in bounded buffers: a flood of requests does not become a flood of runs."""
    with endpoint.connect() as client:
        client.socket.setblocking(False)
        page = build("GET", "/docs") * 100
        sent = 0
        while sent < 40_000_000:
            try:
                sent += client.socket.send(page)
            except BlockingIOError:
                break
        wait_until(lambda: endpoint.call(lambda: endpoint.app.connections) == 1)
        assert sent < 40_000_000
        client.socket.settimeout(10)
        for _ in range(300):
            assert 200 == client.read().status


def test_a_reset_connection_is_forgotten(endpoint: Endpoint) -> None:
    with endpoint.connect() as client:
        client.send(SCORE[:-3])
        wait_until(lambda: endpoint.app.connections == 1)
        client.reset()
    wait_until(lambda: endpoint.app.connections == 0)


def test_an_answer_carries_a_date_and_an_id(endpoint: Endpoint) -> None:
    first, second = endpoint.ask(), endpoint.ask()

    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["date"].endswith(" GMT")


def test_long_bodies_are_answered_whole() -> None:
    data = list(range(200_000))
    with running(Settings(limits=Limits(body_bytes=4_000_000))) as endpoint:
        assert [2 * number for number in data] == endpoint.score(data).json()["result"]
