"""Runs on threads: the endpoint answers meanwhile, and bounds how long and how many."""

import asyncio
import json
import socket
import time
from collections.abc import Callable

import pytest
import uvloop
from fake.http_endpoint import Endpoint, Settings, build, reset_on_close, running, wait_until
from onnxport_serve.documents import Limits

HANGING = json.dumps({"data": [-2, *range(20)]}).encode()
LONG = json.dumps({"data": list(range(20))}).encode()


def hang(endpoint: Endpoint) -> socket.socket:
    """Start a run that waits for the gate; its connection."""
    client = endpoint.connect()
    client.send(build("POST", "/score", HANGING))
    assert endpoint.execution.entered.acquire(timeout=20)
    return client.socket


def test_liveness_small_runs_and_metrics_are_answered_during_a_long_run() -> None:
    with running() as endpoint, hang(endpoint):
        assert 200 == endpoint.ask().status
        assert 200 == endpoint.ask("GET", "/v2/health/ready").status
        assert [2] == endpoint.score([1]).json()["result"]
        assert b'in_flight{endpoint="iris"} 1\n' in endpoint.ask("GET", "/metrics").body


def test_a_run_beyond_the_time_limit_is_ended() -> None:
    limits = Limits(request_timeout_s=0.1)
    with running(Settings(limits=limits)) as endpoint:
        answer = endpoint.ask("POST", "/score", HANGING)

        assert (504, "timeout") == (answer.status, answer.json()["code"])
        wait_until(lambda: endpoint.execution.ended == 1)
        assert 200 == endpoint.ask("POST", "/score", LONG).status
        assert 0 == endpoint.app.in_flight


def test_a_request_that_waits_too_long_for_a_run_is_refused() -> None:
    limits = Limits(queue_timeout_s=0.1)
    with running(Settings(limits=limits)) as endpoint, hang(endpoint) as first:
        answer = endpoint.ask("POST", "/score", LONG)

        assert (503, "1") == (answer.status, answer.headers["retry-after"])
        endpoint.execution.gate.set()
        assert first.recv(12) == b"HTTP/1.1 200"


def test_the_time_limit_counts_waiting_too() -> None:
    limits = Limits(queue_timeout_s=5, request_timeout_s=0.1)
    with running(Settings(limits=limits)) as endpoint:
        endpoint.execution.is_stubborn = True
        with hang(endpoint):
            assert 504 == endpoint.ask("POST", "/score", LONG).status


def test_more_requests_than_may_be_in_flight_are_refused() -> None:
    limits = Limits(in_flight=2)
    with running(Settings(limits=limits)) as endpoint, hang(endpoint), endpoint.connect() as second:
        second.send(build("POST", "/score", LONG))
        wait_until(lambda: endpoint.app.in_flight == 2)
        answer = endpoint.ask("POST", "/score", LONG)

        assert (503, "overloaded") == (answer.status, answer.json()["code"])
        assert "1" == answer.headers["retry-after"]
        endpoint.execution.gate.set()
        assert 200 == second.read().status
        assert 0 == endpoint.app.in_flight


def test_a_large_body_is_refused_early_when_the_endpoint_is_full() -> None:
    limits = Limits(in_flight=1)
    with running(Settings(limits=limits)) as endpoint, hang(endpoint), endpoint.connect() as client:
        client.send(build("POST", "/score", headers={"Content-Length": "1000000"}))

        assert 503 == client.read().status


def test_waiting_requests_run_in_order_of_arrival() -> None:
    with running() as endpoint, hang(endpoint), endpoint.connect() as a, endpoint.connect() as b:
        a.send(build("POST", "/score", LONG))
        wait_until(lambda: endpoint.app.in_flight == 2)
        b.send(build("POST", "/score", LONG))
        wait_until(lambda: endpoint.app.in_flight == 3)
        endpoint.execution.gate.set()

        assert (200, 200) == (a.read().status, b.read().status)


@pytest.mark.parametrize("state", ["running", "waiting"])
def test_a_client_that_goes_away_costs_no_further_run(state: str) -> None:
    with running() as endpoint, hang(endpoint) as first, endpoint.connect() as second:
        second.send(build("POST", "/score", LONG))
        wait_until(lambda: endpoint.app.in_flight == 2)
        gone = first if state == "running" else second.socket
        reset_on_close(gone)
        gone.close()
        if state == "running":
            wait_until(lambda: endpoint.execution.ended == 1)
            assert 200 == second.read().status
        else:
            wait_until(lambda: endpoint.app.in_flight == 1)
            endpoint.execution.gate.set()
            assert first.recv(12) == b"HTTP/1.1 200"
            assert 1 == endpoint.execution.runs
        wait_until(lambda: endpoint.app.in_flight == 0)


@pytest.mark.parametrize(
    "loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"]
)
def test_a_client_that_closes_holds_no_slot_for_long(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """A close cannot be told from a half-close, whose client still reads; hence the moment of grace."""
    with running(Settings(loop=loop)) as endpoint:
        client = endpoint.connect()
        client.send(build("POST", "/score", HANGING))
        assert endpoint.execution.entered.acquire(timeout=20)
        closing = time.monotonic()
        client.socket.close()
        wait_until(lambda: endpoint.execution.ended == 1)

        assert 1.5 < time.monotonic() - closing
        assert 200 == endpoint.ask("POST", "/score", LONG).status
        wait_until(lambda: (0, 0) == (endpoint.app.in_flight, endpoint.app.connections))


def test_a_half_closed_client_is_closed_with_the_run_that_is_given_up() -> None:
    with running() as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", LONG) + build("POST", "/score", HANGING) * 2)
        client.socket.shutdown(socket.SHUT_WR)

        assert 200 == client.read().status
        assert client.is_closed()
        assert (2, 0) == (endpoint.execution.runs, endpoint.app.in_flight)


def test_several_slots_run_side_by_side() -> None:
    with running(Settings(slots=2)) as endpoint, hang(endpoint), hang(endpoint):
        assert 2 == endpoint.execution.runs
        assert 2 == endpoint.app.in_flight


def test_a_failed_run_on_a_thread_is_answered() -> None:
    with running() as endpoint:
        body = json.dumps({"data": [-1, *range(20)]}).encode()

        assert 500 == endpoint.ask("POST", "/score", body).status
        assert 200 == endpoint.ask("POST", "/score", LONG).status


def test_the_queue_is_in_the_timing() -> None:
    with running() as endpoint, hang(endpoint), endpoint.connect() as client:
        client.send(build("POST", "/score", LONG))
        wait_until(lambda: endpoint.app.in_flight == 2)
        assert 200 == endpoint.ask().status
        endpoint.execution.gate.set()
        timing = dict(
            stage.split(";dur=") for stage in client.read().headers["server-timing"].split(", ")
        )

    assert float(timing["queue"]) > 0
