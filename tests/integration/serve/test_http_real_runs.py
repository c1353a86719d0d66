"""Real sessions behind real sockets: what the fake model cannot show."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake.http_endpoint import Settings, build, running, wait_until
from fake.onnx_files import save_identity, save_loop, save_matmul
from onnxport_serve.documents import BundleManifest, Limits, Revision, RunSettings
from onnxport_serve.machine import Machine
from onnxport_serve.model.revision import LoadedRevision, load_revision

ENDLESS = json.dumps({"data": 10**15}).encode()


def load(bundle: Path, manifest: BundleManifest, **settings: Any) -> dict[int, LoadedRevision]:
    revision = Revision(1, "sha256:" + "0" * 64, ".", settings=RunSettings(**settings))
    loaded = load_revision(
        revision,
        manifest,
        bundle,
        endpoint_name="iris",
        limits=Limits(),
        machine=Machine(cpu_count=2),
    )
    return {1: loaded}


def test_an_endless_run_is_ended_and_the_endpoint_answers_meanwhile(tmp_path: Path) -> None:
    revisions = load(tmp_path, save_loop(tmp_path))
    limits = Limits(request_timeout_s=0.5)
    with running(Settings(limits=limits), revisions) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", ENDLESS))
        wait_until(lambda: endpoint.app.in_flight == 1)
        assert 200 == endpoint.ask().status

        assert 504 == client.read().status
        # The run has really ended: its slot is free for each of the next requests.
        for _ in range(2 * revisions[1].runner.slots):
            assert {"result": 7} == endpoint.ask("POST", "/score", b'{"data": 7}').json()


def test_a_client_that_goes_away_ends_its_run(tmp_path: Path) -> None:
    revisions = load(tmp_path, save_loop(tmp_path), concurrency=1)
    with running(revisions=revisions) as endpoint:
        with endpoint.connect() as client:
            client.send(build("POST", "/score", ENDLESS))
            wait_until(lambda: endpoint.app.in_flight == 1)
            client.reset()
        wait_until(lambda: endpoint.app.in_flight == 0)

        assert {"result": 7} == endpoint.ask("POST", "/score", b'{"data": 7}').json()


def test_long_runs_on_threads_answer_right(tmp_path: Path) -> None:
    revisions = load(tmp_path, save_matmul(tmp_path, 300, 8), runner="threads", concurrency=2)
    body = json.dumps({"data": [[float(row)] * 300 for row in range(300)]}).encode()
    with running(revisions=revisions) as endpoint:
        result = endpoint.ask("POST", "/score", body).json()["result"]

    assert [float(row) for row in range(300)] == [row[0] for row in result]


def test_a_larger_batch_leaves_the_loop_until_it_is_known_to_be_short(tmp_path: Path) -> None:
    revisions = load(tmp_path, save_identity(tmp_path))
    runner = revisions[1].runner
    batch = [[1.0, 2.0, 3.0, 4.0]] * 20
    with running(revisions=revisions) as endpoint:
        assert 16 == runner.inline_size
        answer = endpoint.ask("POST", "/score", json.dumps({"data": batch}).encode())

        assert {"result": batch} == answer.json()
        assert 80 == runner.inline_size


@pytest.mark.parametrize(
    "body",
    [b'{"data": [[1, 2, 3]]}', b'{"data": [[1, 2, 3, "x"]]}', b"[[[[", b'{"data": [[1, 2], [3]]}'],
)
def test_what_does_not_fit_the_model_is_a_400(tmp_path: Path, body: bytes) -> None:
    with running(revisions=load(tmp_path, save_identity(tmp_path))) as endpoint:
        assert 400 == endpoint.ask("POST", "/score", body).status


def test_the_open_inference_protocol_gives_the_same_numbers(tmp_path: Path) -> None:
    tensor = {"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
    body = json.dumps({"id": "7", "inputs": [tensor]}).encode()
    with running(revisions=load(tmp_path, save_identity(tmp_path))) as endpoint:
        answer = endpoint.ask("POST", "/v2/models/iris/versions/1/infer", body).json()

    assert ("iris", "1", "7") == (answer["model_name"], answer["model_version"], answer["id"])
    assert [1, 2, 3, 4] == answer["outputs"][0]["data"]
