"""Endpoints of scripts under load: updates, splits, mixtures of kinds, of Pythons and of packages."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from fake.lifecycle import until
from fake.onnx_files import save_identity
from fake.script_endpoint import ScriptEndpoint
from heavy.load import Load
from uv import find_uv_bin

pytestmark = pytest.mark.heavy
SCRIPT = """
import json, sys
def init():
    global number
    number = {number}
def run(raw_data):
    return {{"result": [[x * number for x in row] for row in json.loads(raw_data)["data"]], "python": sys.version_info[:2]}}
"""
BODY = b'{"data": [[1.0, 2.0]]}'


def is_scaled(status: int, body: bytes) -> bool:
    if status != 200:
        return False
    first, second = json.loads(body)["result"][0]
    return bool(first > 0 and second == 2 * first)


def test_twenty_updates_of_a_script_under_load_lose_no_request(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    try:
        for number in range(1, 23):
            subject.add_script(number, SCRIPT.format(number=number), settings={"workers": 2})
        subject.serve({1: 100})
        subject.wait_ready()
        with Load("127.0.0.1", subject.port, BODY, is_scaled) as load:
            for number in range(2, 22):
                weights = [{number: 100}, {number: 60, number - 1: 40}, {number - 1: 100}][
                    number % 3
                ]
                subject.serve(weights)
                subject.wait_ready()
                load.wait_for(20)
    finally:
        subject.kill()

    assert {} == load.outcome.failures
    assert load.outcome.right > 500
    assert len(load.outcome.revisions) >= 12


def test_killed_workers_under_load_cost_one_request_each(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    try:
        subject.add_script(1, SCRIPT.format(number=1), settings={"workers": 2})
        subject.serve({1: 100})
        subject.wait_ready()
        with Load("127.0.0.1", subject.port, BODY, is_scaled) as load:
            for _ in range(10):
                load.wait_for(50)
                os.kill(a_worker(subject), 9)
                load.wait_for(50)
    finally:
        subject.kill()

    assert load.outcome.failures.total() <= 10, load.outcome.failures
    assert {"status 500"} >= set(load.outcome.failures)


def a_worker(subject: ScriptEndpoint) -> int:
    (front,) = until(lambda: subject.status()["fronts"], "a front")
    children = Path(f"/proc/{front['pid']}/task/{front['pid']}/children").read_text().split()
    return int(children[0])


def test_a_script_and_an_onnx_model_share_the_traffic(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    try:
        subject.add_script(1, SCRIPT.format(number=1))
        subject.add_bundle(2, *onnx_bundle(tmp_path / "bundles"))
        subject.serve({1: 50, 2: 50})
        subject.wait_ready()
        replies = [subject.score(b'{"data": [[1, 2, 3, 4]]}') for _ in range(100)]
        get = [
            subject.score(b"", method="GET", path="/score?data=%5B%5B1%5D%5D").status
            for _ in range(2)
        ]
        tensors = [subject.score(infer(), path="/v2/models/scripts/infer").status for _ in range(2)]
        chosen = subject.score(infer(), path="/v2/models/scripts/versions/2/infer")
        subject.serve({2: 100, 1: 0})
        subject.wait_ready()
        after = subject.score(b'{"data": [[1, 2, 3, 4]]}')
    finally:
        subject.kill()

    numbers = [reply.headers["x-onnxport-revision"] for reply in replies]
    assert [50, 50] == [numbers.count("1"), numbers.count("2")]
    assert {200} == {reply.status for reply in replies}
    assert [[[1, 2, 3, 4]]] * 100 == [reply.json()["result"] for reply in replies]
    assert ([200, 405], [200, 501]) == (sorted(get), sorted(tensors))
    assert [1, 2, 3, 4] == chosen.json()["outputs"][0]["data"]
    assert "2" == after.headers["x-onnxport-revision"]


def infer() -> bytes:
    tensor = {"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
    return json.dumps({"inputs": [tensor]}).encode()


def onnx_bundle(store: Path) -> tuple[str, str]:
    import hashlib

    folder = store / "onnx"
    manifest = save_identity(folder)
    content = (folder / "models/iris/1/m.onnx").read_bytes()
    document = {
        "format": "onnxport-bundle/1",
        "kind": "onnx",
        "models": [{"name": "iris", "version": 1, "path": "models/iris/1", "file": "m.onnx", "framework": "onnx"}],
        "signature": manifest.signature,
        "files": [{"path": "models/iris/1/m.onnx", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}],
    }  # fmt: skip
    text = json.dumps(document).encode()
    (folder / "bundle.json").write_bytes(text)
    return str(folder), "sha256:" + hashlib.sha256(text).hexdigest()


NUMPY = """
import json
import numpy
def init():
    pass
def run(raw_data):
    return [numpy.__version__, float(numpy.sum(json.loads(raw_data)["data"]))]
"""


@pytest.mark.network
def test_two_versions_of_numpy_behind_one_endpoint(tmp_path: Path) -> None:
    versions = {1: "1.26.4", 2: "2.2.6"}
    subject = ScriptEndpoint(tmp_path / "endpoint")
    try:
        for number, version in versions.items():
            place = tmp_path / version
            python = str(place / "bin/python")
            uv = find_uv_bin()
            subprocess.run([uv, "venv", "-q", "--python", "3.11", place], check=True)
            install = [uv, "pip", "install", "-q", "--python", python, f"numpy=={version}"]
            subprocess.run(install, check=True)
            subject.add_script(number, NUMPY, environment=str(place))
        subject.serve({1: 50, 2: 50})
        subject.wait_ready()
        replies = [subject.score(BODY) for _ in range(10)]
    finally:
        subject.kill()

    told = {reply.headers["x-onnxport-revision"]: reply.json() for reply in replies}
    assert {str(n): [version, 3.0] for n, version in versions.items()} == told
