"""The process target, with a small stand-in for the data plane: real processes, real locks, real signals."""

import os
import signal
import sys
from pathlib import Path

import fake.data_plane as fake
import pytest
from onnxport.domain.endpoint import EndpointSpec, Limits, Listen, Revision
from onnxport.domain.resources import RunSettings
from onnxport.domain.traffic import Traffic
from onnxport.errors import OnnxportError
from onnxport.target.find import PluginNotFound, find_target, target_names
from onnxport.target.interface import StartFailed
from onnxport.target.process import ProcessTarget

COMMAND = [sys.executable, "-P", fake.__file__]


@pytest.fixture
def target():
    return ProcessTarget(COMMAND)


@pytest.fixture
def directory(tmp_path, target):
    path = tmp_path / "my endpoints ü" / "iris"
    path.mkdir(parents=True)
    write_spec(path)
    yield path
    target.stop(path, 0)


def write_spec(directory: Path, **changes) -> None:
    values = {
        "name": "iris",
        "generation": 1,
        "revisions": (Revision(1, "sha256:0", "../bundle", settings=RunSettings()),),
        "traffic": Traffic.all_to(1),
    }
    spec = EndpointSpec(**{**values, **changes})
    beside = directory / "endpoint.new"
    beside.write_bytes(spec.to_bytes())
    beside.rename(directory / "endpoint.json")


def test_a_started_endpoint_runs_in_a_session_of_its_own_and_writes_its_log(target, directory):
    target.start(directory)

    status = target.status(directory)
    assert target.is_running(directory)
    assert os.getsid(status.pid) == status.pid != os.getsid(0)
    assert (directory / "logs" / "endpoint.log").exists()


def test_starting_twice_keeps_the_first_process(target, directory):
    target.start(directory)
    first = target.status(directory).pid

    target.start(directory)

    assert target.status(directory).pid == first


def test_a_stopped_endpoint_is_not_running_and_can_start_again(target, directory):
    target.start(directory)
    first = target.status(directory).pid

    target.stop(directory, 5)

    assert not target.is_running(directory)
    target.start(directory)
    assert target.status(directory).pid != first


def test_an_endpoint_that_ignores_the_polite_signal_is_killed(target, directory):
    write_spec(directory, limits=Limits(in_flight=fake.STUBBORN_IN_FLIGHT))
    target.start(directory)

    target.stop(directory, 0.05)

    assert not target.is_running(directory)


def test_stopping_what_does_not_run_does_nothing(target, directory):
    target.stop(directory, 5)

    assert not target.is_running(directory)


def test_a_killed_endpoint_is_not_running_whatever_its_status_says(target, directory):
    target.start(directory)
    status = target.status(directory)

    os.kill(status.pid, signal.SIGKILL)
    target.stop(directory, 5)

    assert status.state == "ready"
    assert not target.is_running(directory)


def test_an_early_end_is_reported_with_the_last_log_lines(target, directory):
    write_spec(directory, listen=Listen(port=fake.DEADLY_PORT))

    with pytest.raises(StartFailed, match="the fake gives up") as caught:
        target.start(directory)

    assert "onnxport logs iris" in caught.value.remedy


def test_a_status_of_an_earlier_life_is_gone_after_a_failed_start(target, directory):
    target.start(directory)
    target.stop(directory, 5)
    write_spec(directory, listen=Listen(port=fake.DEADLY_PORT))

    with pytest.raises(StartFailed):
        target.start(directory)

    assert target.status(directory) is None


def test_the_environment_of_the_shell_does_not_reach_the_endpoint(target, directory, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-tell")
    target.start(directory)

    seen = Path(f"/proc/{target.status(directory).pid}/environ")
    if not seen.exists():
        pytest.skip("this system has no /proc")
    assert b"do-not-tell" not in seen.read_bytes()
    assert b"PATH=" in seen.read_bytes()


@pytest.mark.parametrize("lines", [0, 1, 3, 5000], ids=["none", "one", "three", "more than all"])
def test_logs_are_the_last_lines_in_order(target, directory, lines):
    log = directory / "logs" / "endpoint.log"
    log.parent.mkdir()
    written = [f"line {number} " + "x" * 50 for number in range(3000)]
    log.write_text("\n".join(written) + "\n")

    assert target.logs(directory, lines) == (written[-lines:] if lines else [])


def test_logs_of_an_endpoint_that_never_ran_are_empty(target, directory):
    assert target.logs(directory, 10) == []


def test_targets_are_found_by_listing_their_folder():
    assert "process" in target_names()
    assert isinstance(find_target("process"), ProcessTarget)


def test_an_unknown_target_is_refused_with_the_closest_name():
    with pytest.raises(PluginNotFound, match="did you mean process") as caught:
        find_target("proces")

    assert isinstance(caught.value, OnnxportError)
