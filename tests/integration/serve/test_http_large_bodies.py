"""Large bodies and answers: whatever they hold, the endpoint answers others meanwhile."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fake.http_endpoint import Answer, Client, Endpoint, build, running, wait_until
from fake.onnx_files import manifest_of, save_identity
from onnx import TensorProto, helper
from onnxport_serve.documents import BundleManifest, Limits, Revision
from onnxport_serve.machine import Machine
from onnxport_serve.model.revision import LoadedRevision, load_revision
from onnxport_serve.model.scoring import LARGE_BODY

SIZE = 12_000_000
ROWS = [[1.5, 2.5, 3.5, 4.5]] * (LARGE_BODY // 18)


def load(bundle: Path, manifest: BundleManifest | None = None) -> dict[int, LoadedRevision]:
    loaded = load_revision(
        Revision(1, "sha256:" + "0" * 64, "."),
        manifest or save_identity(bundle),
        bundle,
        endpoint_name="iris",
        limits=Limits(),
        machine=Machine(cpu_count=2),
    )
    return {1: loaded}


def save_counting(bundle: Path) -> BundleManifest:
    """A model that counts from the first of three integers to the second in steps of the third."""
    names = ("first", "last", "step")
    graph = helper.make_graph(
        [helper.make_node("Range", names, ["Y"])],
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.INT64, []) for name in names],
        [helper.make_tensor_value_info("Y", TensorProto.INT64, ["M"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    file = bundle / "models/iris/1/m.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(model.SerializeToString())
    number = {"type": "tensor", "dtype": "int64", "shape": []}
    numbers = {"type": "tensor", "dtype": "int64", "shape": ["M"]}
    return manifest_of(
        {
            "inputs": [{"name": name, "type": number, "required": True} for name in names],
            "outputs": [{"name": "Y", "type": numbers, "required": True}],
        }
    )


def repeat(start: bytes, item: bytes, end: bytes) -> bytes:
    count = SIZE // (len(item) + 1)
    return start + b",".join([item] * count) + end


def ask_during(endpoint: Endpoint, client: Client, path: str, body: bytes) -> Answer:
    """The answer to a large request; `GET /` is asked again and again until it has come."""
    client.send(build("POST", path, body))
    client.socket.setblocking(False)
    while not is_answered(client):
        assert 200 == endpoint.ask().status
    client.socket.settimeout(60)
    return client.read()


def is_answered(client: Client) -> bool:
    try:
        return client.socket.recv(1, 2) != b""  # MSG_PEEK
    except BlockingIOError:
        return False


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/score", repeat(b"[", b"{}", b"]")),
        ("/score", repeat(b'{"data": [', b"{}", b"]}")),
        ("/score", repeat(b'{"data": [', b"1", b"]}")),
        ("/score", repeat(b'{"data": [', b'"ab"', b"]}")),
        ("/v2/models/iris/infer", repeat(b'{"inputs": [', b'{"a":1}', b"]}")),
    ],
    ids=["records", "objects", "integers", "strings", "tensors"],
)
def test_liveness_is_answered_while_a_large_body_is_refused(
    tmp_path: Path, path: str, body: bytes
) -> None:
    threads: list[str] = []
    with running(revisions=load(tmp_path)) as endpoint, endpoint.connect() as client:
        watch(endpoint, threads)
        answer = ask_during(endpoint, client, path, body)

    assert 400 == answer.status
    assert ["onnxport-run"] == threads


def test_a_large_body_is_answered_right_and_says_its_times(tmp_path: Path) -> None:
    with running(revisions=load(tmp_path)) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", json.dumps({"data": ROWS}).encode()))
        answer = client.read()
        assert 0 == endpoint.app.in_flight

    assert {"result": ROWS} == answer.json()
    timing = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert ["decode", "queue", "run", "encode"] == list(timing)
    assert float(timing["decode"]) > float(timing["queue"])
    assert all(float(value) >= 0 for value in timing.values())


def test_a_large_body_is_decoded_and_its_answer_encoded_off_the_loop(tmp_path: Path) -> None:
    threads: list[str] = []
    with running(revisions=load(tmp_path)) as endpoint:
        watch(endpoint, threads)
        endpoint.ask("POST", "/score", json.dumps({"data": ROWS}).encode())
        endpoint.ask("POST", "/score", json.dumps({"data": ROWS[:1]}).encode())

    assert "onnxport-run" == threads[0]
    assert "onnxport-run" != threads[1]


def watch(endpoint: Endpoint, threads: list[str]) -> None:
    """Note the name of the thread of every decoding."""
    codec: Any = endpoint.app.revisions[1].codec

    class Watching:
        def __getattr__(self, name: str) -> Any:
            decode = getattr(codec, name)
            if not name.startswith("decode_"):
                return decode

            def watched(*arguments: Any) -> Any:
                threads.append(threading.current_thread().name)
                return decode(*arguments)

            return watched

    def replace_codec() -> None:
        watching: Any = Watching()
        endpoint.app.revisions[1].codec = watching
        endpoint.app.apply(endpoint.app.state.spec)

    endpoint.call(replace_codec)


def test_a_client_that_goes_away_while_its_body_is_decoded_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    with running(revisions=load(tmp_path)) as endpoint:
        with endpoint.connect() as client:
            client.send(build("POST", "/score", repeat(b'{"data": [', b"{}", b"]}")))
            wait_until(lambda: endpoint.app.in_flight == 1)
            client.reset()
        wait_until(lambda: endpoint.app.in_flight == 0)

        assert 200 == endpoint.ask("POST", "/score", b'{"data": [[1, 2, 3, 4]]}').status


def test_liveness_is_answered_while_three_integers_make_a_large_answer(tmp_path: Path) -> None:
    revisions = load(tmp_path, save_counting(tmp_path))
    body = b'{"first": 0, "last": 10000000, "step": 1}'
    with running(revisions=revisions) as endpoint, endpoint.connect() as client:
        client.send(build("POST", "/score", body))
        wait_until(lambda: endpoint.app.in_flight == 1)
        assert 200 == endpoint.ask().status
        assert client.socket.recv(15) == b"HTTP/1.1 200 OK"
    assert -1 == revisions[1].runner.inline_size
