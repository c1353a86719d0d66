"""Scripts that crash, hang, exit, leak or cannot start: each costs its own request and nothing else."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake.lifecycle import until
from fake.script_endpoint import Reply, ScriptEndpoint, script_endpoint

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


def in_background(subject: ScriptEndpoint, body: str) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(subject.score(body)))
    thread.start()
    return thread, replies


def events(subject: ScriptEndpoint, event: str) -> list[dict[str, Any]]:
    return [line for line in subject.log_events() if line["event"] == event]


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
    until(lambda: [how] == [line["how"] for line in events(faulty, "a worker ended")], "its end")
    until(lambda: len(events(faulty, "worker ready")) == 1, "its successor")
    assert 200 == faulty.score().status


@pytest.mark.parametrize("body", ['{"exit": 3}', '{"threads": 1}'], ids=["exit", "with threads"])
def test_sys_exit_costs_its_request_alone_and_the_worker_is_replaced(
    faulty: ScriptEndpoint, body: str
) -> None:
    reply = faulty.score(body)

    assert (500, "True") == (reply.status, reply.headers["x-ms-run-function-failed"])
    until(lambda: len(events(faulty, "a worker ended")) == 1, "its end")
    until(lambda: len(events(faulty, "worker ready")) == 1, "its successor")
    assert 200 == faulty.score().status
    assert 0 == faulty.wait_ready()["restarts"]


def test_a_run_that_hangs_is_timed_out_while_the_other_worker_goes_on(
    faulty: ScriptEndpoint,
) -> None:
    thread, replies = in_background(faulty, '{"hang": 1}')
    until(lambda: "in_flight 1" in metrics(faulty), "the request that hangs")
    pids = {faulty.score().json() for _ in range(20)}
    thread.join()

    (reply,) = replies
    assert (500, {"message": "Scoring timeout after 2000 ms"}) == (reply.status, reply.json())
    assert "True" == reply.headers["x-ms-run-function-failed"]
    assert 1 == len(pids)
    until(lambda: len(events(faulty, "worker ready")) == 1, "its successor")
    (line,) = until(
        lambda: events(faulty, "run() took too long; its worker is ended"), "the log line"
    )
    assert 2000 == line["limit_ms"]


def test_everybody_hanging_delays_the_others_and_loses_none(faulty: ScriptEndpoint) -> None:
    hanging = [in_background(faulty, '{"hang": 1}') for _ in range(2)]
    until(lambda: "in_flight 2" in metrics(faulty), "both")
    waiting = [in_background(faulty, "{}") for _ in range(12)]
    for thread, _ in (*hanging, *waiting):
        thread.join()

    assert [500] * 2 == [replies[0].status for _, replies in hanging]
    assert [200] * 12 == [replies[0].status for _, replies in waiting]


def test_who_waits_too_long_for_a_worker_is_told_so(tmp_path: Path) -> None:
    changes = {"limits": {"request_timeout_s": 5, "queue_timeout_s": 0.5}}
    with script_endpoint(tmp_path, FAULTY, changes=changes) as subject:
        first = in_background(subject, '{"sleep": 3}')
        until(lambda: "in_flight 1" in metrics(subject), "the first")
        others = [in_background(subject, "{}") for _ in range(14)]
        for thread, _ in (first, *others):
            thread.join()

    assert [200] == [reply.status for reply in first[1]]
    replies = [replies[0] for _, replies in others]
    assert [503] * 14 == [reply.status for reply in replies]
    assert {"1"} == {reply.headers["retry-after"] for reply in replies}
    assert "no worker became free within 0.5 s" in replies[0].json()["message"]


def metrics(subject: ScriptEndpoint) -> str:
    lines = subject.score(b"", method="GET", path="/metrics").body.decode().splitlines()
    return "\n".join(line.partition("{")[0] + " " + line.rpartition(" ")[2] for line in lines)


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
    assert is_alive(pid)
    assert 0 == troublesome.stop()

    until(lambda: not is_alive(pid), "what the script has started to end")


def test_a_child_that_raises_has_no_part_in_what_is_told(troublesome: ScriptEndpoint) -> None:
    pid = troublesome.score('{"fork and raise": 1}').json()

    assert pid == troublesome.score().json()
    assert [] == events(troublesome, "run() failed")


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


def test_readiness_is_that_of_workers(tmp_path: Path) -> None:
    source = (
        "import os, sys\n"
        "def init():\n"
        "    if os.path.exists(os.environ['ONCE']): sys.exit(1)\n"
        "    open(os.environ['ONCE'], 'w').close()\n"
        "def run(x): os._exit(1)\n"
    )
    once = {"ONCE": str(tmp_path / "once")}
    with script_endpoint(tmp_path / "endpoint", source, variables=once) as subject:
        before = subject.score(b"", method="GET", path="/v2/health/ready").status
        subject.score()
        after = subject.score(b"", method="GET", path="/v2/health/ready")

    assert (200, 503) == (before, after.status)
    assert "no worker of revision 1" in after.json()["error"]


def test_every_printed_line_is_logged_with_its_request(troublesome: ScriptEndpoint) -> None:
    troublesome.score('{"shout": 1}', {"x-request-id": "loud"})

    def lines() -> list[str]:
        return [one["text"] for one in troublesome.log_events() if one.get("request_id") == "loud"]

    until(lambda: len(lines()) == 200, "all lines")
    assert [f"line {n}" for n in range(200)] == lines()


def test_an_allocation_beyond_the_limit_fails_in_the_run_alone(tmp_path: Path) -> None:
    with script_endpoint(tmp_path, FAULTY, resources={"memory_mb": 200}) as subject:
        pid = subject.score().json()
        reply = subject.score('{"touch": 4000}')
        after = subject.score().json()
        (line,) = until(lambda: events(subject, "run() failed"), "the log line")

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
    until(lambda: "onnxport_requests_in_flight 0" in metrics(faulty), "its end")

    assert 200 == faulty.score().status


def test_workers_end_with_their_front_whatever_ends_it(faulty: ScriptEndpoint) -> None:
    pids = {faulty.score('{"sleep": 0.05}').json() for _ in range(10)}
    (front,) = [one["pid"] for one in faulty.status()["fronts"]]
    os.kill(front, signal.SIGKILL)

    until(lambda: not any(map(is_alive, pids)), "the workers to end")
    faulty.wait_for("a new front", lambda status: status["restarts"] == 1)
    faulty.wait_ready()
    assert 200 == faulty.score().status


def test_workers_and_their_directories_go_when_the_endpoint_stops(faulty: ScriptEndpoint) -> None:
    pids = {faulty.score().json() for _ in range(10)}

    assert 0 == faulty.stop()
    until(lambda: not any(map(is_alive, pids)), "the workers to end")
    assert [] == list((faulty.directory / "work").glob("revision-*"))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


NO_START = [
    ("def run(x): pass", "script_incomplete", "score.py defines no function init()"),
    ("def init(): pass\nrun = 3", "script_incomplete", "score.py defines no function run()"),
    ("def init(:", "import_failed", "SyntaxError"),
    ("import nothing_like_it\ndef init(): pass\ndef run(x): pass", "import_failed", "ModuleNotFoundError: No module named 'nothing_like_it' (line 1)"),
    ("def init():\n    helper()\ndef helper():\n    raise OSError('no such model')\ndef run(x): pass", "init_failed", "init() of score.py raised OSError: no such model (line 4)"),
    ("def init(): pass\ndef run(*args): pass", "run_signature", "*args"),
    ("def init(): pass\ndef run(): pass", "run_signature", "needs a parameter"),
    ("def init(): pass\nrun = dict", "run_signature", "no function whose parameters can be seen"),
    ("def init(): pass\ndef run(x): yield 1", "run_signature", "a generator"),
    ("from azureml.core import Workspace\ndef init(): pass\ndef run(x): pass", "import_failed", "azureml.core has Model and VERSION only, not Workspace"),
    ("def init(): pass\nasync def run(x): pass", "run_signature", "is 'async'"),
    ("import os\ndef init(): os._exit(5)\ndef run(x): pass", "worker_died", "with exit code 5 before init() had returned"),
    ("import sys\ndef init(): sys.exit(5)\ndef run(x): pass", "init_failed", "SystemExit: 5"),
    ("def init():\n    global x\n    x = bytearray(900 << 20)\n    import time; time.sleep(60)\ndef run(x): pass", "memory_limit", "more than the 200 MiB"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "code", "words"), NO_START, ids=[f"{n}-{one[1]}" for n, one in enumerate(NO_START)]
)
def test_a_script_that_cannot_start_is_refused_with_the_line(
    tmp_path: Path, source: str, code: str, words: str
) -> None:
    subject = ScriptEndpoint(tmp_path)
    subject.add_script(1, source, resources={"memory_mb": 200})
    try:
        subject.serve({1: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
    finally:
        subject.kill()

    error = status["error"]
    assert code == error["code"]
    assert words in error["message"]
    assert error["remedy"]
    assert [] == list((tmp_path / "work").glob("revision-*"))


def test_the_environment_must_be_there(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    subject.add_script(1, FAULTY, environment="nowhere")
    try:
        subject.serve({1: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
    finally:
        subject.kill()

    assert "environment_missing" == status["error"]["code"]


def test_a_sample_that_fails_is_refused_and_the_running_revision_stays(
    faulty: ScriptEndpoint,
) -> None:
    faulty.add_script(2, FAULTY, sample=b'{"exit": 1}')
    faulty.serve({2: 100})
    status = faulty.wait_for("a refusal", lambda status: status["error"])

    assert "sample_refused" == status["error"]["code"]
    assert "1" == faulty.score().headers["x-onnxport-revision"]


def test_a_changed_byte_of_the_script_is_found(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    subject.add_script(1, FAULTY)
    script = Path(subject.revisions[1]["bundle"]) / "code/score.py"
    script.write_text(FAULTY.replace("600", "601"))
    try:
        subject.serve({1: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
    finally:
        subject.kill()

    assert "bundle_changed" == status["error"]["code"]
    assert "code/score.py" in status["error"]["message"]
