"""Deploying and changing endpoints: what is wanted, what runs, and what stays after refusals, kills and races.

A small stand-in for the data plane runs in real processes; registry, bundles and the rest are the real ones.
"""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import fake.data_plane as fake
import pytest
from fake.models import save_scaling_model
from onnxport.domain.names import InvalidName
from onnxport.domain.traffic import InvalidTraffic
from onnxport.registry.endpoints import EndpointRecords, RevisionState
from onnxport.registry.errors import (
    DatabaseFailed,
    EndpointNotFound,
    RevisionNotFound,
    VersionInUse,
)
from onnxport.service.deployment.options import DeployOptions
from onnxport.service.endpoint.errors import (
    KeysNeeded,
    NoEarlierRevision,
    PortTaken,
    RevisionFailed,
    RevisionNotReady,
)
from onnxport.service.endpoints import Endpoints
from onnxport.service.progress import NoProgress
from onnxport.target.interface import StartFailed
from onnxport.target.process import ProcessTarget
from onnxport.workspace import Workspace

TARGET = ProcessTarget([sys.executable, "-P", "-S", fake.__file__])
UNLUCKY = DeployOptions(intra_op_threads=fake.REFUSED_THREADS)


def open_endpoints(root: Path) -> Endpoints:
    workspace = Workspace.open(root)
    return Endpoints(root, workspace.models, workspace._registry.endpoints, TARGET)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A workspace with one model, made once: looking into a file takes a process."""
    root = tmp_path_factory.mktemp("prepared") / "workspace"
    file = save_scaling_model(root.parent / "double.onnx")
    Workspace.open(root).models.register(file, "double")
    return root


@pytest.fixture
def root(tmp_path, prepared):
    root = tmp_path / "my work ü"
    shutil.copytree(prepared, root)
    yield root
    if (root / "endpoints").exists():
        for directory in root.glob("endpoints/*/"):
            TARGET.stop(directory, 1)


@pytest.fixture
def endpoints(root):
    return open_endpoints(root)


@pytest.fixture
def model():
    return "models:/double/1"


@pytest.fixture
def file(tmp_path):
    return save_scaling_model(tmp_path / "a model" / "thrice.onnx", 3)


def serving(endpoints: Endpoints, name: str) -> int:
    with urllib.request.urlopen(endpoints.get(name).url, timeout=5) as answer:
        return json.load(answer)["revision"]


def states(endpoints: Endpoints, name: str) -> list[str]:
    return [revision.state for revision in endpoints.get(name).revisions]


def test_a_file_becomes_a_running_endpoint_named_after_it(endpoints, file):
    deployment = endpoints.deploy(file)

    assert ("thrice", 1, True) == (
        deployment.endpoint.name,
        deployment.revision,
        deployment.registered,
    )
    assert "models:/thrice/1" == str(deployment.version.reference)
    assert "ready" == endpoints.get("thrice").state
    assert 1 == serving(endpoints, "thrice")
    assert b'{"data": [[0.0, 0.0, 0.0, 0.0]]}' == deployment.example.body


def test_the_same_file_again_is_a_new_revision_of_the_same_version(endpoints, file):
    first = endpoints.deploy(file)
    second = endpoints.deploy(file)

    assert (2, False) == (second.revision, second.registered)
    assert first.version == second.version
    assert first.endpoint.url == second.endpoint.url
    assert 2 == serving(endpoints, "thrice")
    assert {2: 100} == second.endpoint.traffic


def test_another_file_under_the_name_is_the_next_version(endpoints, file, tmp_path):
    endpoints.deploy(file, "scale")
    second = endpoints.deploy(save_scaling_model(tmp_path / "other.onnx", 3), "scale")

    assert "models:/scale/2" == str(second.version.reference)


def test_a_reference_is_deployed_without_registering(endpoints, root, file):
    Workspace.open(root).models.register(file, name="Scale_It", alias="champion")

    deployment = endpoints.deploy("models:/Scale_It@champion")

    assert "scale-it" == deployment.endpoint.name
    assert deployment.registered is False


def test_a_first_deployment_that_fails_leaves_no_endpoint(endpoints, root, model):
    with pytest.raises(RevisionFailed, match="nothing was deployed") as caught:
        endpoints.deploy(model, options=UNLUCKY)

    assert "one line of the log" in caught.value.message
    assert "Use fewer threads." == caught.value.remedy
    assert [] == list(endpoints.list())
    assert not (root / "endpoints" / "double").exists()
    assert 1 == endpoints.deploy(model).revision


def test_a_revision_that_serves_is_shown_as_ready_before_its_change_is_settled(endpoints, model):
    records = endpoints._store.records
    endpoints.deploy(model)
    endpoints.deploy(model)
    for number in (1, 2):  # 2: as a program killed after the switch leaves it; 1: not wanted
        records.set_revision_state("double", number, "pending")

    assert ["pending", "ready"] == states(endpoints, "double")
    TARGET.stop(endpoints._store.directory("double").path, 5)
    assert ["pending", "pending"] == states(endpoints, "double")


def test_a_failed_first_deployment_says_what_stays_registered(endpoints, root, file):
    with pytest.raises(RevisionFailed, match="nothing was deployed") as caught:
        endpoints.deploy(file, options=UNLUCKY)

    assert "models:/thrice/1 stays registered" in caught.value.remedy
    assert "onnxport model delete models:/thrice/1" in caught.value.remedy
    assert 1 == Workspace.open(root).models.get("thrice").version


@pytest.mark.parametrize("name", ["", " ", "a/b"])
def test_a_name_that_is_none_is_refused_before_anything_is_registered(endpoints, root, file, name):
    for act in (endpoints.deploy, endpoints.plan):
        with pytest.raises(InvalidName):
            act(file, name)

    assert ["double"] == [model.name for model in Workspace.open(root).models.list()]


def test_a_revision_that_fails_never_gets_traffic(endpoints, model):
    endpoints.deploy(model)
    pid = endpoints.get("double").status.pid

    with pytest.raises(RevisionFailed, match="revision 1 keeps serving"):
        endpoints.deploy(model, options=UNLUCKY)

    view = endpoints.get("double")
    assert ({1: 100}, [1], "ready", pid) == (
        view.traffic,
        [revision.number for revision in view.spec.revisions],
        view.state,
        view.status.pid,
    )
    assert 3 == view.spec.generation == view.status.generation
    assert ["ready", "failed"] == states(endpoints, "double")
    assert 1 == serving(endpoints, "double")


def test_a_failed_update_of_a_stopped_endpoint_leaves_it_stopped_as_it_was(endpoints, model):
    endpoints.deploy(model)
    endpoints.down()

    with pytest.raises(RevisionFailed, match="stays stopped"):
        endpoints.deploy(model, options=UNLUCKY)

    assert "stopped" == endpoints.get("double").state
    assert [None] == [outcome.error for outcome in endpoints.up()]
    assert 1 == serving(endpoints, "double")


def test_settings_that_are_not_said_stay(endpoints, model):
    endpoints.deploy(model, options=DeployOptions(runner="threads", in_flight=7, require_keys=True))
    view = endpoints.deploy(model, options=DeployOptions(concurrency=2)).endpoint

    settings = view.spec.revisions[-1].settings
    assert ("threads", 2, 7, True) == (
        settings.runner,
        settings.concurrency,
        view.spec.limits.in_flight,
        view.spec.keys.required,
    )


def test_traffic_loads_what_is_missing_and_must_sum_to_a_hundred(endpoints, model):
    for _ in range(3):
        endpoints.deploy(model)

    view = endpoints.traffic("double", {1: 70, 3: 30})

    assert [1, 3] == [revision.number for revision in view.spec.revisions]
    assert 1 == serving(endpoints, "double")
    with pytest.raises(InvalidTraffic, match="sum to 101"):
        endpoints.traffic("double", {1: 70, 3: 31})
    with pytest.raises(RevisionNotFound, match="no revision 4"):
        endpoints.traffic("double", {4: 100})
    assert {1: 70, 3: 30} == endpoints.get("double").traffic


def test_a_revision_that_never_was_ready_cannot_get_traffic(endpoints, model):
    endpoints.deploy(model)
    with pytest.raises(RevisionFailed):
        endpoints.deploy(model, options=UNLUCKY)

    with pytest.raises(RevisionNotReady, match="revision 2"):
        endpoints.traffic("double", {1: 50, 2: 50})


def test_a_share_of_the_traffic_on_deployment(endpoints, model):
    endpoints.deploy(model)

    assert {1: 90, 2: 10} == endpoints.deploy(
        model, options=DeployOptions(traffic=10)
    ).endpoint.traffic
    assert {1: 90, 2: 10, 3: 0} == endpoints.deploy(
        model, options=DeployOptions(traffic=0)
    ).endpoint.traffic


def test_rollback_goes_to_the_newest_earlier_revision_that_was_ready(endpoints, model):
    endpoints.deploy(model)
    with pytest.raises(RevisionFailed):
        endpoints.deploy(model, options=UNLUCKY)
    endpoints.deploy(model, options=DeployOptions(intra_op_threads=1))

    assert {1: 100} == endpoints.rollback("double").traffic
    assert 1 == serving(endpoints, "double")
    with pytest.raises(NoEarlierRevision):
        endpoints.rollback("double")
    assert {3: 100} == endpoints.rollback("double", 3).traffic


def test_rollback_takes_back_a_revision_that_is_being_tried(endpoints, model):
    endpoints.deploy(model)
    endpoints.deploy(model, options=DeployOptions(traffic=10))

    assert {1: 100} == endpoints.rollback("double").traffic


def test_a_deleted_endpoint_is_gone_and_its_model_free(endpoints, root, model):
    models = Workspace.open(root).models
    endpoints.deploy(model)
    with pytest.raises(VersionInUse, match="double"):
        models.delete("models:/double/1")

    endpoints.delete("double")

    assert [] == list(endpoints.list())
    assert not (root / "endpoints" / "double").exists()
    models.delete("models:/double/1")


@pytest.mark.parametrize(
    "act",
    [
        lambda endpoints: endpoints.get("nobody"),
        lambda endpoints: endpoints.traffic("nobody", {1: 100}),
        lambda endpoints: endpoints.rollback("nobody"),
        lambda endpoints: endpoints.keys("nobody"),
        lambda endpoints: endpoints.rotate_key("nobody", "primary"),
        lambda endpoints: endpoints.restart("nobody"),
        lambda endpoints: endpoints.delete("nobody"),
        lambda endpoints: endpoints.logs("nobody"),
        lambda endpoints: endpoints.up(["nobody"]),
        lambda endpoints: endpoints.down(["nobody"]),
    ],
    ids=["get", "traffic", "rollback", "keys", "rotate", "restart", "delete", "logs", "up", "down"],
)
def test_an_unknown_endpoint_is_named_and_nothing_is_made(endpoints, root, act):
    with pytest.raises(EndpointNotFound, match="nobody"):
        act(endpoints)

    assert not (root / "endpoints" / "nobody").exists()


def test_keys_are_kept_from_others_and_rotate_without_a_restart(endpoints, root, model):
    endpoints.deploy(model, options=DeployOptions(require_keys=True))
    before, pid = endpoints.keys("double"), endpoints.get("double").status.pid

    after = endpoints.rotate_key("double", "secondary")

    view = endpoints.get("double")
    directory = root / "endpoints" / "double"
    assert before["primary"] == after["primary"] == endpoints.keys("double")["primary"]
    assert before["secondary"] != after["secondary"]
    assert (pid, 2) == (view.status.pid, view.status.generation)
    assert 0o600 == (directory / "keys.json").stat().st_mode & 0o777
    assert after["secondary"] not in (directory / "endpoint.json").read_text()


def test_a_port_that_another_program_uses_is_refused_and_the_next_free_one_chosen(endpoints, model):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            endpoints.deploy(model, options=DeployOptions(port=port))

    assert [] == list(endpoints.list())


def test_stopped_endpoints_keep_their_port(endpoints, model):
    first = endpoints.deploy(model, "one").endpoint.port
    endpoints.down()
    second = endpoints.deploy(model, "two").endpoint.port

    assert first != second
    with pytest.raises(PortTaken, match="another endpoint"):
        endpoints.deploy(model, "three", options=DeployOptions(port=first))
    endpoints.up()
    assert first == endpoints.get("one").port


def test_beyond_loopback_keys_are_required(endpoints, root, file):
    with pytest.raises(KeysNeeded):
        endpoints.deploy(file, options=DeployOptions(host="0.0.0.0", require_keys=False))
    assert ["double"] == Workspace.open(root).models.names()

    view = endpoints.deploy(file, options=DeployOptions(host="0.0.0.0")).endpoint
    assert view.spec.keys.required
    assert view.url.startswith("http://127.0.0.1:")


def test_another_address_is_taken_up(endpoints, model):
    before = endpoints.deploy(model).endpoint

    after = endpoints.deploy(model, options=DeployOptions(host="127.0.0.2")).endpoint

    assert before.url != after.url
    assert "127.0.0.2" == after.host
    assert 2 == serving(endpoints, "double")


def test_down_needs_no_change_of_the_registry(endpoints, model, monkeypatch):
    endpoints.deploy(model)
    endpoints._store.records.set_revision_state("double", 1, "pending")

    def fail(*_):
        raise DatabaseFailed("registry.db", "database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(EndpointRecords, "set_revision_state", fail)
        assert [("stopped", None)] == [(one.state, one.error) for one in endpoints.down()]
    assert "stopped" == endpoints.get("double").state


def test_down_tells_what_takes_its_time(endpoints, model, monkeypatch):
    class Told(NoProgress):
        def __init__(self):
            self.notices = []

        def notice(self, text):
            self.notices.append(text)

    slow, quick = Told(), Told()
    endpoints.deploy(model)
    endpoints.down(progress=quick)
    assert [] == quick.notices

    monkeypatch.setattr("onnxport.service.endpoints._NOTICE_AFTER_S", 0.01)
    monkeypatch.setattr(ProcessTarget, "stop", lambda *_: wait_for(lambda: slow.notices))
    endpoints.down(progress=slow)
    assert ["stopping double (waiting for requests in flight)"] == slow.notices


def test_up_and_down_can_be_repeated_and_up_follows_a_kill(endpoints, model):
    endpoints.deploy(model, "one")
    endpoints.deploy(model, "two")
    for name in ("one", "two"):
        os.kill(endpoints.get(name).status.pid, signal.SIGKILL)
    wait_for(lambda: ["stopped"] * 2 == [view.state for view in endpoints.list()])

    assert ["ready"] * 2 == [outcome.state for outcome in endpoints.up()]
    assert ["ready"] * 2 == [outcome.state for outcome in endpoints.up()]
    assert ["stopped"] * 2 == [outcome.state for outcome in endpoints.down()]
    assert ["stopped"] * 2 == [outcome.state for outcome in endpoints.down()]
    assert ["ready"] == [outcome.state for outcome in endpoints.up(["one"])]


def test_a_restart_is_another_process_at_the_same_address(endpoints, model):
    before = endpoints.deploy(model).endpoint

    after = endpoints.restart("double")

    assert before.url == after.url
    assert before.status.pid != after.status.pid


def test_one_of_two_failing_to_start_does_not_hide_the_other(endpoints, root, model):
    endpoints.deploy(model, "one")
    endpoints.deploy(model, "two")
    endpoints.down()
    directory = endpoints._store.directory("one")
    spec = directory.spec()
    directory.write_spec(replace(spec, listen=replace(spec.listen, port=fake.DEADLY_PORT)))

    outcomes = {outcome.name: outcome for outcome in endpoints.up()}

    assert "ready" == outcomes["two"].state
    assert isinstance(outcomes["one"].error, StartFailed)
    assert "the fake gives up" in outcomes["one"].error.message


def test_a_start_that_fails_leaves_it_stopped(endpoints, model):
    endpoints.deploy(model)
    endpoints.down()
    directory = endpoints._store.directory("double")
    spec = directory.spec()
    settings = replace(spec.revisions[0].settings, intra_op_threads=fake.REFUSED_THREADS)
    revision = replace(spec.revisions[0], settings=settings)
    directory.write_spec(replace(spec, generation=2, revisions=(revision,)))

    (outcome,) = endpoints.up()

    assert isinstance(outcome.error, RevisionFailed)
    assert "stays stopped" in outcome.error.message
    assert "stopped" == endpoints.get("double").state


def test_deployments_at_the_same_time_take_turns(endpoints, root, model):
    endpoints.deploy(model)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(open_endpoints(root).deploy(model).revision))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [2, 3, 4] == sorted(found)
    assert 4 == serving(endpoints, "double")


def test_first_deployments_of_different_names_get_different_ports(root, model):
    open_endpoints(root).deploy(model, "zero")
    found = []
    threads = [
        threading.Thread(
            target=lambda name=name: found.append(
                open_endpoints(root).deploy(model, name).endpoint.url
            )
        )
        for name in ("one", "two", "three")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 3 == len(set(found))


@pytest.mark.parametrize("exists", [False, True], ids=["first deployment", "update"])
def test_a_deployment_killed_at_any_moment_can_be_repeated(endpoints, root, model, exists):
    if exists:
        endpoints.deploy(model)
    for delay_s in (0.02, 0.04, 0.06, 0.08, 0.11, 0.15, 0.2):
        child = os.fork()
        if child == 0:
            try:
                open_endpoints(root).deploy(model)
            finally:
                os._exit(0)
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if exists:
            assert endpoints.get("double").state in {"ready", "starting"}
            assert serving(endpoints, "double") >= 1

    deployment = endpoints.deploy(model)

    assert deployment.revision == serving(endpoints, "double")
    assert RevisionState.PENDING not in states(endpoints, "double")
    assert not (root / "endpoints" / "double" / "change.json").exists()


def test_a_change_that_was_cut_off_by_a_power_cut_is_undone(endpoints, root, model):
    endpoints.deploy(model)
    directory = endpoints._store.directory("double")
    before = (directory.path / "endpoint.json").read_bytes()
    child = os.fork()
    if child == 0:
        try:
            open_endpoints(root).deploy(model, options=UNLUCKY)
        finally:
            os._exit(0)
    wait_for(lambda: (directory.path / "endpoint.json").read_bytes() != before)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.kill(TARGET.status(directory.path).pid, signal.SIGKILL)
    wait_for(lambda: not TARGET.is_running(directory.path))

    endpoints.up()

    assert 1 == serving(endpoints, "double")
    assert ["ready", "failed"] == states(endpoints, "double")


def test_a_removal_that_was_cut_off_is_completed(endpoints, root, model):
    endpoints.deploy(model)
    endpoints._store.records.delete("double")

    deployment = endpoints.deploy(model)

    assert 1 == deployment.revision == serving(endpoints, "double")
    assert ["ready"] == states(endpoints, "double")


def test_a_damaged_bundle_is_named(endpoints, root, model):
    endpoints.deploy(model)
    for bundle in root.glob("bundles/*"):
        shutil.rmtree(bundle / "models")

    with pytest.raises(Exception, match=r"double\.onnx is missing") as caught:
        endpoints.deploy(model)

    assert "bundle_damaged" == caught.value.code
    assert 1 == serving(endpoints, "double")


def test_a_plan_changes_nothing(endpoints, root, file):
    plan = "\n".join(endpoints.plan(file, options=DeployOptions(port=8123)))

    assert "a new version of thrice" in plan
    assert "port 8123" in plan
    assert ["double"] == Workspace.open(root).models.names()
    assert not (root / "endpoints").exists()


def wait_for(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited 30 s in vain"
        time.sleep(0.005)
