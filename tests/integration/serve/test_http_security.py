"""Who may use an endpoint: keys, host names, origins."""

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from fake.http_endpoint import KEY, Client, Settings, bearer, build, running
from onnxport_serve.documents import HttpPolicy

BODY = b'{"data": [1]}'
LOCKED = Settings(needs_key=True, keys=(KEY, "second"))


@pytest.mark.parametrize("key", [KEY, "second"])
def test_every_accepted_key_opens(key: str) -> None:
    with running(LOCKED) as endpoint:
        assert 200 == endpoint.ask("POST", "/score", BODY, bearer(key)).status


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {KEY}",
        KEY,
        f"Bearer {KEY}x",
        f"Bearer x{KEY}",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/score"),
        ("POST", "/v2/models/iris/infer"),
        ("GET", "/v2/models/iris"),
        ("GET", "/v2"),
        ("GET", "/metrics"),
        ("GET", "/no/such/route"),
        ("PUT", "/score"),
        ("POST", "/%73core?x=1"),
    ],
)
def test_without_an_accepted_key_nothing_but_the_contract_is_told(
    method: str, path: str, authorization: str
) -> None:
    with running(LOCKED) as endpoint, endpoint.connect() as client:
        body = BODY if method == "POST" else b""
        # A good request first: what is remembered of it must not open the door to the next.
        client.send(build("POST", "/score", BODY, bearer()))
        assert 200 == client.read().status
        client.send(build(method, path, body, {"Authorization": authorization}))

        answer = client.read()
        assert 401 == answer.status
        assert 'Bearer realm="onnxport"' == answer.headers["www-authenticate"]
        assert KEY not in answer.body.decode()
        assert 1 == endpoint.execution.runs


def test_no_key_at_all_is_refused() -> None:
    with running(LOCKED) as endpoint:
        assert 401 == endpoint.score([1]).status


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/openapi.json",
        "/swagger.json",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/iris/ready",
        "/v2/models/iris/versions/1/ready",
    ],
)
def test_liveness_and_the_contract_are_open(path: str) -> None:
    with running(LOCKED) as endpoint:
        assert 200 == endpoint.ask("GET", path).status


def test_a_large_body_without_a_key_is_refused_before_it_comes() -> None:
    with running(LOCKED) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", headers={"Content-Length": "10000000"}))

        assert 401 == client.read().status


def test_keys_are_rotated_without_a_restart() -> None:
    with running(LOCKED) as endpoint, endpoint.connect() as client:
        for key, status in ((KEY, 200), ("third", 401)):
            client.send(build("POST", "/score", BODY, bearer(key)))
            assert status == client.read().status
        endpoint.apply(keys=("third", "second"))

        for key, status in ((KEY, 401), ("third", 200), ("second", 200)):
            client.send(build("POST", "/score", BODY, bearer(key)))
            assert status == client.read().status


def test_keys_and_payloads_are_not_logged() -> None:
    with running(LOCKED) as endpoint:
        endpoint.ask(
            "POST", "/score?token=hidden", b'{"data": "payload-text"}', bearer("wrong-key")
        )
        endpoint.ask("POST", "/score", b'{"data": [-1, 4711]}', bearer())
        lines = "\n".join(endpoint.lines)

    assert "run failed" in lines
    assert [] == [word for word in ("payload-text", "wrong-key", KEY, "hidden") if word in lines]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.8.8.8",
        "localhost",
        "LOCALHOST:80",
        "[::1]:9",
        "[::1]",
        "my.name",
    ],
)
def test_loopback_and_allowed_hosts_are_answered(host: str) -> None:
    with running(Settings(http=HttpPolicy(allowed_hosts=("my.name",)))) as endpoint:
        assert 200 == endpoint.ask(headers={"Host": host}).status


@pytest.mark.parametrize(
    "host",
    ["rebound.example", "localhost.evil.example", "10.0.0.1", "[2001:db8::1]", "127.0.0.1.nip.io"],
)
def test_other_hosts_are_refused_although_a_good_one_was_seen(host: str) -> None:
    with running() as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", BODY))
        assert 200 == client.read().status
        client.send(build("POST", "/score", BODY, {"Host": host}))

        assert 403 == client.read().status
        assert 1 == endpoint.execution.runs


@pytest.mark.parametrize(
    "host", ["", "a b", "user@localhost", "localhost:port", "[::1", "a/b", "ﬀ"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with running() as endpoint, endpoint.connect() as client:
        request = b"GET / HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n"
        client.send(request)

        assert client.read().status in (400, 403)


def test_any_host_can_be_allowed() -> None:
    with running(Settings(http=HttpPolicy(allowed_hosts=("*",)))) as endpoint:
        assert 200 == endpoint.ask(headers={"Host": "anything.example"}).status


def test_a_wildcard_address_accepts_addresses_and_no_names() -> None:
    with running(Settings(host="0.0.0.0")) as endpoint:
        assert 200 == endpoint.ask(headers={"Host": "192.168.1.5:8000"}).status
        assert 403 == endpoint.ask(headers={"Host": "rebound.example"}).status


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost"]
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_a_foreign_origin_is_refused(origin: str, method: str) -> None:
    with running() as endpoint:
        headers = {"Origin": origin, "Host": "127.0.0.1:8000"}
        headers["Access-Control-Request-Method"] = "POST"
        answer = endpoint.ask(method, "/score", BODY, headers)

        assert 403 == answer.status
        assert 0 == endpoint.execution.runs
        assert "access-control-allow-origin" not in answer.headers


def test_the_endpoints_own_page_may_call() -> None:
    with running() as endpoint:
        headers = {"Origin": "http://localhost:8000", "Host": "localhost:8000"}
        assert 200 == endpoint.ask("POST", "/score", BODY, headers).status


@pytest.mark.parametrize(
    ("allowed", "echoed"), [("http://app.example", "http://app.example"), ("*", "*")]
)
def test_an_allowed_origin_gets_cors_answers(allowed: str, echoed: str) -> None:
    with running(Settings(http=HttpPolicy(cors_origins=(allowed,)), needs_key=True)) as endpoint:
        headers = {"Origin": "http://app.example"}
        preflight = endpoint.ask(
            "OPTIONS", "/score", headers={**headers, "Access-Control-Request-Method": "POST"}
        )
        answer = endpoint.ask("POST", "/score", BODY, {**headers, **bearer()})
        refused = endpoint.ask("POST", "/score", BODY, headers)

    assert (200, echoed) == (preflight.status, preflight.headers["access-control-allow-origin"])
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert (200, echoed) == (answer.status, answer.headers["access-control-allow-origin"])
    assert (401, echoed) == (refused.status, refused.headers["access-control-allow-origin"])


def test_the_unix_socket_takes_any_host(tmp_path: Path) -> None:
    with running() as endpoint:
        path = str(tmp_path / "s")

        async def listen() -> Any:
            return await endpoint.loop.create_unix_server(endpoint.app.connect, path)

        server = endpoint.run(listen())
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        with Client(connection) as client:
            request = build("POST", "/score", BODY, {"Host": "any.name"})
            client.send(request)
            assert 200 == client.read().status
            with endpoint.connect() as other:
                other.send(request)
                assert 403 == other.read().status
        endpoint.call(server.close)


def test_hashes_not_keys_are_in_the_document() -> None:
    with running(LOCKED) as endpoint:
        accepted = [key.sha256 for key in endpoint.app.state.spec.keys.accepted]

    assert [hashlib.sha256(key.encode()).hexdigest() for key in (KEY, "second")] == accepted
    assert KEY not in json.dumps(accepted)
