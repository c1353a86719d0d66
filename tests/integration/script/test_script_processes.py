"""Scripts that fork, start others, spoil their descriptors or their directory, and what they print."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake.lifecycle import is_alive, until
from fake.script_endpoint import ScriptEndpoint, script_endpoint

TROUBLESOME = """
import json, os, shutil, subprocess, sys, threading, time

def init():
    sys.stdout.reconfigure(line_buffering=True)

def run(raw_data):
    wanted = json.loads(raw_data)
    if "fork" in wanted:
        return ["child" if os.fork() == 0 else "parent", os.getpid()]
    if "garble" in wanted:
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"x" * 64)
            except OSError:
                pass
        return "written"
    if "close" in wanted:
        os.closerange(3, 1024)
    if "start" in wanted:
        return subprocess.Popen(["sleep", "600"]).pid
    if "hold" in wanted:
        if os.fork() == 0:
            print("a child says something")
            time.sleep(600)
        os._exit(3)
    if "exhaust" in wanted:
        globals()["files"] = []
        try:
            while True:
                files.append(open(os.devnull))
        except OSError:
            return len(files)
    if "fork and raise" in wanted:
        if os.fork() == 0:
            raise ValueError("in the child")
        os.wait()
        return os.getpid()
    if "remove" in wanted:
        shutil.rmtree(os.environ["AML_APP_ROOT"])
        raise KeyboardInterrupt
    if "whisper" in wanted:
        print("no end", end="")
        sys.stdout.buffer.write(b" of bytes")
        return "x"
    if "shout" in wanted:
        for n in range(200):
            print("line", n)
    return os.getpid()
"""


@pytest.fixture
def troublesome(tmp_path: Path) -> Iterator[ScriptEndpoint]:
    with script_endpoint(tmp_path, TROUBLESOME) as subject:
        yield subject


def test_a_process_that_the_script_forks_never_answers(troublesome: ScriptEndpoint) -> None:
    told = [troublesome.score('{"fork": 1}').json() for _ in range(5)]

    assert {"parent"} == {who for who, _ in told}
    assert {told[0][1]} == {pid for _, pid in told} | {troublesome.score().json()}


@pytest.mark.parametrize("body", ['{"garble": 1}', '{"close": 1}'], ids=["garbled", "closed"])
def test_a_script_that_spoils_its_descriptors_is_replaced(
    troublesome: ScriptEndpoint, body: str
) -> None:
    troublesome.score(body)
    until(lambda: 200 == troublesome.score().status, "a worker that answers")

    assert 200 == troublesome.score().status
    assert 0 == troublesome.wait_ready()["restarts"]


def test_what_a_script_has_started_ends_with_its_worker(troublesome: ScriptEndpoint) -> None:
    pid = troublesome.score('{"start": 1}').json()
    assert is_alive([pid])
    assert 0 == troublesome.stop()

    until(lambda: not is_alive([pid]), "what the script has started to end")


def test_a_child_that_raises_has_no_part_in_what_is_told(troublesome: ScriptEndpoint) -> None:
    pid = troublesome.score('{"fork and raise": 1}').json()

    assert pid == troublesome.score().json()
    assert [] == troublesome.events("run() failed")


def test_a_body_that_cannot_be_received_is_no_empty_one(troublesome: ScriptEndpoint) -> None:
    """A large body comes as a descriptor, which a process without room for one more never gets."""
    large = json.dumps({"padding": "x" * 200_000})
    assert troublesome.score('{"exhaust": 1}').json() > 0

    assert 500 == troublesome.score(large).status
    until(lambda: 200 == troublesome.score(large).status, "a worker with room")


def test_a_child_that_outlives_its_worker_delays_nobody(troublesome: ScriptEndpoint) -> None:
    reply = troublesome.score('{"hold": 1}')

    assert (500, "True") == (reply.status, reply.headers["x-ms-run-function-failed"])
    assert "The scoring process ended" in reply.json()["message"]
    assert 200 == troublesome.score().status


def test_a_script_that_removes_its_own_directory_gets_it_again(
    troublesome: ScriptEndpoint,
) -> None:
    assert 500 == troublesome.score('{"remove": 1}').status
    until(lambda: 200 == troublesome.score().status, "a worker that answers")


def test_a_line_without_an_end_is_logged_with_its_own_request(troublesome: ScriptEndpoint) -> None:
    troublesome.score('{"whisper": 1}', {"x-request-id": "soft"})
    troublesome.score('{"shout": 1}', {"x-request-id": "loud"})

    def lines() -> list[str]:
        return [one["text"] for one in troublesome.log_events() if one.get("request_id") == "soft"]

    until(lines, "the line")
    assert ["no end of bytes"] == ["".join(lines())]


def test_every_printed_line_is_logged_with_its_request(troublesome: ScriptEndpoint) -> None:
    troublesome.score('{"shout": 1}', {"x-request-id": "loud"})

    def lines() -> list[str]:
        return [one["text"] for one in troublesome.log_events() if one.get("request_id") == "loud"]

    until(lambda: len(lines()) == 200, "all lines")
    assert [f"line {n}" for n in range(200)] == lines()
