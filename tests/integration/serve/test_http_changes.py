"""A new generation in a running endpoint: traffic, limits, keys; and how an endpoint parts with its connections."""

import os
import socket
from collections import Counter

import pytest
from fake.http_endpoint import Client, Settings, build, running, wait_until
from onnxport_serve.documents import HttpPolicy, Limits

BODY = b'{"data": [1]}'
SCORE = build("POST", "/score", BODY)
HANGING = build("POST", "/score", b'{"data": [-2, 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}')


def count_revisions(client: Client, requests: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    for _ in range(requests // 100):
        client.send(SCORE * 100)
        seen.update(client.read().headers["x-onnxport-revision"] for _ in range(100))
    return seen


@pytest.mark.parametrize("weights", [{1: 90, 2: 10}, {1: 33, 2: 33, 3: 34}, {1: 1, 2: 0, 3: 99}])
def test_traffic_is_exact(weights: dict[int, int]) -> None:
    with running(Settings(weights=weights)) as endpoint, endpoint.connect() as client:
        seen = count_revisions(client, 1000)

    assert {str(number): 10 * percent for number, percent in weights.items() if percent} == seen


def test_traffic_changes_with_the_next_request_on_an_open_connection() -> None:
    with running(Settings(weights={1: 100, 2: 0})) as endpoint, endpoint.connect() as client:
        assert {"1": 100} == count_revisions(client, 100)
        endpoint.apply(weights={1: 0, 2: 100})
        assert {"2": 100} == count_revisions(client, 100)


def test_limits_change_without_a_restart() -> None:
    with running() as endpoint, endpoint.connect() as client:
        client.send(SCORE)
        assert 200 == client.read().status
        endpoint.apply(limits=Limits(body_bytes=5, in_flight=1, json_depth=7))
        assert 7 == endpoint.app.state.limits.json_depth
        client.send(SCORE)

        assert 413 == client.read().status


def test_hosts_change_without_a_restart() -> None:
    named = build("POST", "/score", BODY, {"Host": "my.name"})
    with running(Settings(http=HttpPolicy(("my.name",)))) as endpoint, endpoint.connect() as client:
        client.send(named)
        assert 200 == client.read().status
        endpoint.apply(http=HttpPolicy())
        client.send(named)

        assert 403 == client.read().status


def test_metrics_survive_a_change() -> None:
    with running() as endpoint:
        endpoint.score([1])
        endpoint.apply(limits=Limits(in_flight=3))
        endpoint.score([1])

        assert b'protocol="score",code="200"} 2\n' in endpoint.ask("GET", "/metrics").body


def test_stopping_closes_idle_connections_and_finishes_the_others() -> None:
    with running() as endpoint, endpoint.connect() as idle, endpoint.connect() as busy:
        idle.send(SCORE)
        idle.read()
        busy.send(HANGING)
        assert endpoint.execution.entered.acquire(timeout=20)
        endpoint.call(endpoint.app.begin_drain, None)
        assert idle.is_closed()
        endpoint.execution.gate.set()

        answer = busy.read()
        assert (200, "close") == (answer.status, answer.headers["connection"])
        assert busy.is_closed()
        wait_until(lambda: endpoint.app.connections == 0)


def test_stopping_turns_readiness_false_and_not_liveness() -> None:
    with running() as endpoint, endpoint.connect() as client:
        client.send(HANGING + build("GET", "/v2/health/ready") + build("GET", "/v2/health/live"))
        assert endpoint.execution.entered.acquire(timeout=20)
        endpoint.call(endpoint.app.begin_drain, None)
        endpoint.execution.gate.set()

        assert [200, 503, 200] == [client.read().status for _ in range(3)]


def test_stopping_parts_with_connections_that_still_come() -> None:
    with running() as endpoint:
        endpoint.call(endpoint.app.begin_drain, None)
        with endpoint.connect() as client:
            assert client.is_closed()


def test_a_replaced_endpoint_hands_its_connections_over_without_losing_a_byte() -> None:
    """Idle ones at once, busy ones after their answer, half requests after theirs; the client notices nothing."""
    with running() as old, running() as new:
        clients = [old.connect() for _ in range(3)]
        idle, busy, half = clients
        for client in clients:
            client.send(SCORE)
            client.read()
        busy.send(HANGING)
        assert old.execution.entered.acquire(timeout=20)
        half.send(SCORE[:-5])
        wait_until(lambda: old.app.admission.buffered > 0)

        def adopt(transport: object) -> None:
            descriptor = os.dup(transport.get_extra_info("socket").fileno())
            transport.abort()
            connection = socket.socket(fileno=descriptor)
            coroutine = new.loop.connect_accepted_socket(new.app.connect, connection)
            new.loop.call_soon_threadsafe(new.loop.create_task, coroutine)

        old.call(old.app.begin_drain, adopt)
        wait_until(lambda: new.app.connections == 1)
        idle.send(SCORE)
        assert 200 == idle.read().status
        half.send(SCORE[-5:])
        assert 200 == half.read().status
        old.execution.gate.set()
        assert 200 == busy.read().status
        wait_until(lambda: (old.app.connections, new.app.connections) == (0, 3))
        before = new.execution.runs
        for client in clients:
            client.send(SCORE)
            assert 200 == client.read().status
            client.socket.close()

        assert before + 3 == new.execution.runs
