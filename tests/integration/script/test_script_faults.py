"""Scripts that crash, hang, exit or leak: each costs its own request and nothing else."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake.lifecycle import is_alive, until
from fake.script_endpoint import ScriptEndpoint, in_background, script_endpoint

FAULTY = """
import json, os, sys, time

def init():
    print("pid", os.getpid())

def run(raw_data):
    wanted = json.loads(raw_data)
    if "signal" in wanted:
        os.kill(os.getpid(), wanted["signal"])
    if "exit" in wanted:
        sys.exit(wanted["exit"])
    if "leave" in wanted:
        os._exit(wanted["leave"])
    if "hang" in wanted:
        time.sleep(600)
    if "sleep" in wanted:
        time.sleep(wanted["sleep"])
    if "touch" in wanted:
        hoard = bytearray(wanted["touch"] << 20)
        return len(hoard)
    if "hoard" in wanted:
        globals().setdefault("kept", []).append(b"x" * (wanted["hoard"] << 20))
    if "threads" in wanted:
        import threading
        threading.Thread(target=time.sleep, args=(600,)).start()
        sys.exit(1)
    return os.getpid()
"""


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[ScriptEndpoint]:
    changes = {"limits": {"request_timeout_s": 2, "queue_timeout_s": 15}}
    settings = {"workers": 2}
    with script_endpoint(tmp_path, FAULTY, settings=settings, changes=changes) as subject:
        yield subject


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ({"signal": signal.SIGSEGV}, "by SIGSEGV"),
        ({"signal": signal.SIGKILL}, "by SIGKILL"),
        ({"leave": 7}, "with exit code 7"),
    ],
    ids=["crash", "kill", "exit code"],
)
def test_a_process_that_ends_costs_its_request_alone(
    faulty: ScriptEndpoint, body: dict[str, int], how: str
) -> None:
    others = [in_background(faulty, '{"sleep": 0.3}') for _ in range(6)]
    reply = faulty.score(json.dumps(body))
    for thread, _ in others:
        thread.join()

    assert 500 == reply.status
    assert "The scoring process ended" in reply.json()["message"]
    assert "True" == reply.headers["x-ms-run-function-failed"]
    assert [200] * 6 == [replies[0].status for _, replies in others]
    until(lambda: [how] == [line["how"] for line in faulty.events("a worker ended")], "its end")
    until(lambda: len(faulty.events("worker ready")) == 1, "its successor")
    assert 200 == faulty.score().status


@pytest.mark.parametrize("body", ['{"exit": 3}', '{"threads": 1}'], ids=["exit", "with threads"])
def test_sys_exit_costs_its_request_alone_and_the_worker_is_replaced(
    faulty: ScriptEndpoint, body: str
) -> None:
    reply = faulty.score(body)

    assert (500, "True") == (reply.status, reply.headers["x-ms-run-function-failed"])
    until(lambda: len(faulty.events("a worker ended")) == 1, "its end")
    until(lambda: len(faulty.events("worker ready")) == 1, "its successor")
    assert 200 == faulty.score().status
    assert 0 == faulty.wait_ready()["restarts"]


def test_a_run_that_hangs_is_timed_out_while_the_other_worker_goes_on(
    faulty: ScriptEndpoint,
) -> None:
    thread, replies = in_background(faulty, '{"hang": 1}')
    until(lambda: "in_flight 1" in faulty.metrics(), "the request that hangs")
    pids = {faulty.score().json() for _ in range(20)}
    thread.join()

    (reply,) = replies
    assert (500, {"message": "Scoring timeout after 2000 ms"}) == (reply.status, reply.json())
    assert "True" == reply.headers["x-ms-run-function-failed"]
    assert 1 == len(pids)
    until(lambda: len(faulty.events("worker ready")) == 1, "its successor")
    (line,) = until(
        lambda: faulty.events("run() took too long; its worker is ended"), "the log line"
    )
    assert 2000 == line["limit_ms"]


def test_everybody_hanging_delays_the_others_and_loses_none(faulty: ScriptEndpoint) -> None:
    hanging = [in_background(faulty, '{"hang": 1}') for _ in range(2)]
    until(lambda: "in_flight 2" in faulty.metrics(), "both")
    waiting = [in_background(faulty, "{}") for _ in range(12)]
    for thread, _ in (*hanging, *waiting):
        thread.join()

    assert [500] * 2 == [replies[0].status for _, replies in hanging]
    assert [200] * 12 == [replies[0].status for _, replies in waiting]


def test_who_waits_too_long_for_a_worker_is_told_so(tmp_path: Path) -> None:
    changes = {"limits": {"request_timeout_s": 5, "queue_timeout_s": 0.5}}
    with script_endpoint(tmp_path, FAULTY, changes=changes) as subject:
        first = in_background(subject, '{"sleep": 3}')
        until(lambda: "in_flight 1" in subject.metrics(), "the first")
        others = [in_background(subject, "{}") for _ in range(14)]
        for thread, _ in (first, *others):
            thread.join()

    assert [200] == [reply.status for reply in first[1]]
    replies = [replies[0] for _, replies in others]
    assert [503] * 14 == [reply.status for reply in replies]
    assert {"1"} == {reply.headers["retry-after"] for reply in replies}
    assert "no worker became free within 0.5 s" in replies[0].json()["message"]


def test_an_allocation_beyond_the_limit_fails_in_the_run_alone(tmp_path: Path) -> None:
    with script_endpoint(tmp_path, FAULTY, resources={"memory_mb": 200}) as subject:
        pid = subject.score().json()
        reply = subject.score('{"touch": 4000}')
        after = subject.score().json()
        (line,) = until(lambda: subject.events("run() failed"), "the log line")

    assert (500, "True") == (reply.status, reply.headers["x-ms-run-function-failed"])
    assert pid == after
    assert "MemoryError" in line["text"]


def test_a_worker_that_hoards_is_stopped_and_replaced(tmp_path: Path) -> None:
    with script_endpoint(tmp_path, FAULTY, resources={"memory_mb": 200}) as subject:
        statuses = [subject.score('{"hoard": 40}').status for _ in range(12)]
        after = subject.score("{}").status

    assert 500 in statuses
    assert 200 == after


def test_a_client_that_goes_away_leaves_nothing_behind(faulty: ScriptEndpoint) -> None:
    connection = faulty.connect()
    connection.request("POST", "/score", b'{"sleep": 0.5}')
    connection.close()
    until(lambda: "onnxport_requests_in_flight 0" in faulty.metrics(), "its end")

    assert 200 == faulty.score().status


def test_workers_end_with_their_front_whatever_ends_it(faulty: ScriptEndpoint) -> None:
    pids = {faulty.score('{"sleep": 0.05}').json() for _ in range(10)}
    (front,) = [one["pid"] for one in faulty.status()["fronts"]]
    os.kill(front, signal.SIGKILL)

    until(lambda: not is_alive(list(pids)), "the workers to end")
    faulty.wait_for("a new front", lambda status: status["restarts"] == 1)
    faulty.wait_ready()
    assert 200 == faulty.score().status


def test_workers_and_their_directories_go_when_the_endpoint_stops(faulty: ScriptEndpoint) -> None:
    pids = {faulty.score().json() for _ in range(10)}

    assert 0 == faulty.stop()
    until(lambda: not is_alive(list(pids)), "the workers to end")
    assert [] == list((faulty.directory / "work").glob("revision-*"))
