"""The endpoint's processes start, stop, die and come back as promised."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys

import pytest
from fake.lifecycle import Endpoint, ask, endpoint, is_alive, until
from fake.steady_load import steady_load


def _pids(status):
    return [front["pid"] for front in status["fronts"]]


def test_it_serves_and_says_so(tmp_path):
    with endpoint(tmp_path) as subject:
        status = subject.wait_ready()
        assert status["address"]["host"] == "127.0.0.1"
        assert status["pid"] == subject.process.pid
        assert _pids(status) == [subject.get()["pid"]]
        assert status["warnings"] == ["warning of bundles/first"]
        assert status["decisions"] == ["one thread"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_to_the_whole_group_finishes_what_is_in_flight_and_exits_0(tmp_path, number):
    with endpoint(tmp_path) as subject:
        fronts = _pids(subject.wait_ready())
        idle, busy = subject.connect(), subject.connect()
        ask(idle)
        busy.request("GET", "/slow")
        subject.get()
        os.killpg(subject.process.pid, number)
        subject.wait_for("stopping", lambda status: status["state"] == "stopping")
        port = subject.port
        (tmp_path / "go").touch()
        assert busy.getresponse().status == 200
        assert subject.process.wait(20) == 0
        assert subject.status()["state"] == "stopped"
        assert not is_alive(fronts)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_it_stops_at_once_while_it_loads(tmp_path):
    with endpoint(tmp_path, {1: "slow"}) as subject:
        subject.wait_for("loading", lambda status: status["state"] == "starting")
        assert subject.stop() == 0


def test_a_second_interrupt_does_not_wait_for_requests(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        busy = subject.connect()
        busy.request("GET", "/slow")
        subject.get()
        subject.process.send_signal(signal.SIGINT)
        subject.wait_for("stopping", lambda status: status["state"] == "stopping")
        subject.process.send_signal(signal.SIGINT)
        assert subject.process.wait(20) == 0


def test_a_hang_up_does_not_end_it(tmp_path):
    with endpoint(tmp_path) as subject:
        fronts = _pids(subject.wait_ready())
        os.killpg(subject.process.pid, signal.SIGHUP)
        assert subject.get()["pid"] in fronts
        assert subject.process.poll() is None


def test_a_killed_front_is_back_and_nobody_is_refused(tmp_path):
    with endpoint(tmp_path) as subject:
        (front,) = _pids(subject.wait_ready())
        with steady_load(subject, keep_alive=0, fresh=2) as load:
            os.kill(front, signal.SIGKILL)
            until(lambda: load.answers[-1]["pid"] != front, "an answer of the next front")
        status = subject.wait_ready()
        assert status["restarts"] == 1
        # Only requests that the killed process had accepted are lost.
        assert all("reset" in failure or "Remote end" in failure for failure in load.failures)


def test_other_fronts_serve_while_a_killed_one_comes_back(tmp_path):
    with endpoint(tmp_path, listen={"fronts": 2}) as subject:
        first, second = _pids(subject.wait_ready())
        os.kill(first, signal.SIGSTOP)
        os.kill(first, signal.SIGKILL)
        assert subject.get()["pid"] != first
        subject.wait_for("a restart", lambda status: status["restarts"] == 1)
        assert second in _pids(subject.wait_ready())


def test_a_front_that_is_killed_again_is_back_at_once_again(tmp_path):
    with endpoint(tmp_path, {1: "first"}) as subject:
        (front,) = _pids(subject.wait_ready())
        for restarts in range(1, 4):
            os.kill(front, signal.SIGKILL)
            subject.wait_for("a death", lambda status, n=restarts: status["restarts"] == n)
            (front,) = _pids(subject.wait_ready())


def test_a_killed_supervisor_leaves_no_process_and_its_port_can_be_used_at_once(tmp_path):
    with endpoint(tmp_path) as subject:
        status = subject.wait_ready()
        subject.process.kill()
        subject.process.wait()
        until(lambda: not is_alive(_pids(status)), "the front to end")
        subject.want({1: "first"}, listen={"port": status["address"]["port"]})
        subject.start()
        subject.wait_for("its own", lambda status: status["pid"] == subject.process.pid)
        subject.wait_ready()
        assert subject.port == status["address"]["port"]


def test_a_second_supervisor_says_who_holds_the_endpoint(tmp_path):
    with endpoint(tmp_path) as subject:
        before = subject.wait_ready()
        second = Endpoint(tmp_path)
        second.start()
        assert second.process.wait(20) == 1
        assert f"already served by process {subject.process.pid}" in subject.log()
        assert subject.status() == before


def test_a_port_in_use_is_a_clear_message_and_exit_code_1(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with endpoint(tmp_path, listen={"port": port}) as subject:
            assert subject.process.wait(20) == 1
            error = subject.status()["error"]
            assert error["code"] == "address_in_use"
            assert error["message"] == f"port {port} on 127.0.0.1 is in use by another process"
            assert "is in use by another process" in subject.log()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"{", "invalid_document", id="not JSON"),
        pytest.param(b'{"format": "onnxport-endpoint/9"}', "invalid_document", id="later format"),
        pytest.param(None, "directory_unusable", id="missing"),
    ],
)
def test_an_unusable_first_document_ends_the_start_with_the_reason(tmp_path, content, code):
    subject = Endpoint(tmp_path)
    if content is not None:
        subject.write(content)
    subject.start()
    assert subject.process.wait(20) == 1
    assert (subject.status()["state"], subject.status()["error"]["code"]) == ("failed", code)
    assert "Traceback" not in subject.log()


def test_the_unix_socket_is_for_its_owner_alone_and_a_stale_one_is_replaced(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with endpoint(tmp_path, listen={"unix_socket": "s"}) as subject:
        subject.wait_ready()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert subject.stop() == 0
        assert not path.exists()


def test_a_hung_front_is_replaced(tmp_path):
    with endpoint(tmp_path) as subject:
        (front,) = _pids(subject.wait_ready())
        hanging = subject.connect()
        hanging.request("GET", "/hang")
        subject.wait_for("a restart", lambda status: status["restarts"] == 1)
        subject.wait_ready()
        assert not is_alive([front])


def test_log_lines_of_all_processes_are_json(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        subject.stop()
        events = [json.loads(line)["event"] for line in subject.log().splitlines()]
        assert events[0] == "listening"
        assert events[-1] == "stopped"


def test_connections_beyond_the_limit_wait_for_a_free_place(tmp_path):
    with endpoint(tmp_path, limits={"connections": 2}) as subject:
        subject.wait_ready()
        connections = [subject.connect() for _ in range(3)]
        for connection in connections[:2]:
            ask(connection)
        connections[2].request("GET", "/")
        connections[0].close()
        assert connections[2].getresponse().status == 200


def test_wrong_usage_is_exit_code_2():
    done = subprocess.run([sys.executable, "-m", "onnxport_serve"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--directory" in done.stderr
