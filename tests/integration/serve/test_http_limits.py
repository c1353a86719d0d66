"""Every limit of an endpoint, reached over a real connection."""

import pytest
from fake.http_endpoint import Clock, Settings, build, running, wait_until
from onnxport_serve.documents import Limits

SMALL = Settings(limits=Limits(body_bytes=1000, header_bytes=2000))


def test_an_announced_body_beyond_the_limit_is_refused_before_it_comes() -> None:
    with running(SMALL) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", headers={"Content-Length": "1001"}))

        answer = client.read()
        assert (413, "close") == (answer.status, answer.headers["connection"])
        assert "1000" in answer.json()["message"]


def test_a_refused_client_that_waits_is_not_told_to_continue() -> None:
    with running(SMALL) as endpoint, endpoint.connect() as client:
        headers = {"Content-Length": "1001", "Expect": "100-continue"}
        client.send(build("POST", "/score", headers=headers))

        assert 413 == client.read().status


def test_a_client_that_sends_all_the_same_gets_its_answer() -> None:
    """The connection is not reset under a client that first sends and then reads."""
    size = 50_000_000
    with running(SMALL) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", headers={"Content-Length": str(size)}))
        client.send(bytes(size))

        assert 413 == client.read().status
        assert client.is_closed()


@pytest.mark.parametrize("chunk", [1, 100, 999])
def test_chunks_beyond_the_limit_are_refused_while_they_come(chunk: int) -> None:
    with running(SMALL) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", headers={"Transfer-Encoding": "chunked"}))
        piece = b"%x\r\n%b\r\n" % (chunk, bytes(chunk))
        client.send(piece * (1001 // chunk + 1))

        assert 413 == client.read().status


def test_a_body_of_exactly_the_limit_is_read() -> None:
    body = b'{"data": [1]}'.ljust(1000)
    with running(SMALL) as endpoint:
        assert 200 == endpoint.ask("POST", "/score", body).status


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * 2100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        build("GET", "/", headers={"X": "a" * 2100}),
        build("GET", "/", headers={"x" * 2100: "a"}),
        build("GET", "/", headers={f"X-{number}": "1" for number in range(101)}),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 30_000,
        build("POST", "/score", b"0\r\n" + b"T: x\r\n" * 1000, {"Transfer-Encoding": "chunked"}),
    ],
    ids=["target", "value", "name", "count", "half a field", "trailers"],
)
def test_a_head_beyond_the_limit_is_refused(request_bytes: bytes) -> None:
    with running(SMALL) as endpoint, endpoint.connect() as client:
        client.send(request_bytes)

        assert 431 == client.read().status
        assert client.is_closed()


def test_chunks_that_are_nearly_all_framing_are_refused() -> None:
    with running(SMALL) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", headers={"Transfer-Encoding": "chunked"}))
        client.send((b"1;" + b"x" * 8000 + b"\r\na\r\n") * 4)

        answer = client.read()
        assert (400, "the chunks of the body are nearly empty") == (
            answer.status,
            answer.json()["message"],
        )


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", build("POST", "/score", b"{", {"Content-Length": "9"})]
)
def test_a_slow_head_or_body_is_ended(sent: bytes) -> None:
    limits = Limits(header_timeout_s=0.15, idle_timeout_s=0.3)
    with running(Settings(limits=limits)) as endpoint, endpoint.connect() as client:
        client.send(sent)
        if sent:
            assert 408 == client.read().status
        assert client.is_closed()


def test_a_head_that_trickles_is_ended() -> None:
    limits = Limits(header_timeout_s=0.2)
    with running(Settings(limits=limits)) as endpoint, endpoint.connect() as client:
        client.socket.settimeout(0.02)
        answered = False
        for byte in build("GET", "/", headers={"X": "a" * 400}):
            client.socket.sendall(bytes((byte,)))
            try:
                answered = client.socket.recv(12) == b"HTTP/1.1 408"
                break
            except TimeoutError:
                continue
        assert answered


def test_a_body_that_goes_forward_is_not_ended_and_one_that_stops_is() -> None:
    clock = Clock()
    settings = Settings(limits=Limits(header_timeout_s=0.2), clock=clock)
    with running(settings) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", headers={"Content-Length": "16000"}))
        for count in range(1, 10):
            client.send(bytes(1600))
            wait_until(lambda count=count: endpoint.app.admission.buffered == 1600 * count)
            clock.seconds += 0.3
            wait_until(lambda: endpoint.app.now == clock.seconds)
        assert 1 == endpoint.app.connections
        clock.seconds += 0.3

        assert 408 == client.read().status


def test_an_idle_connection_is_closed_and_a_busy_one_is_not() -> None:
    limits = Limits(idle_timeout_s=0.2)
    with (
        running(Settings(limits=limits)) as endpoint,
        endpoint.connect() as idle,
        endpoint.connect() as busy,
    ):
        busy.send(build("POST", "/score", b'{"data": [-2, 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}'))
        assert endpoint.execution.entered.acquire(timeout=20)
        assert idle.is_closed()
        wait_until(lambda: endpoint.app.connections == 1)
        endpoint.execution.gate.set()

        assert 200 == busy.read().status


def test_json_deeper_than_the_limit_reaches_the_codec() -> None:
    with running() as endpoint:
        before = endpoint.app.state.revisions[1].json_depth
        assert before == endpoint.settings.limits.json_depth


def test_all_unfinished_bodies_together_are_bounded() -> None:
    with running() as endpoint, endpoint.connect() as client:
        endpoint.app.admission.buffered = 10**12
        client.send(build("POST", "/score", headers={"Content-Length": "90000"}) + b"x")

        answer = client.read()
        assert (503, "1") == (answer.status, answer.headers["retry-after"])
        endpoint.app.admission.buffered = 0


def test_the_buffer_is_given_back_after_answer_refusal_and_disconnect() -> None:
    with running(SMALL) as endpoint:
        with endpoint.connect() as client:
            client.send(build("POST", "/score", b"{", {"Content-Length": "13"}))
            wait_until(lambda: endpoint.app.admission.buffered == 1)
            client.send(b'"data": [1]}')
            assert 200 == client.read().status
            assert 0 == endpoint.app.admission.buffered
        with endpoint.connect() as client:
            client.send(
                build("POST", "/score", b"5\r\nabcde\r\n", {"Transfer-Encoding": "chunked"})
            )
            wait_until(lambda: endpoint.app.admission.buffered == 5)
        wait_until(lambda: endpoint.app.admission.buffered == 0)
        with endpoint.connect() as client:
            pieces = build(
                "POST", "/score", b"5\r\nabcde\r\nzz\r\n", {"Transfer-Encoding": "chunked"}
            )
            client.send(pieces)
            assert 400 == client.read().status
        wait_until(lambda: endpoint.app.admission.buffered == 0)
