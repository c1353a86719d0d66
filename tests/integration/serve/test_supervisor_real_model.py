"""The real data plane, from `python -m onnxport_serve` on: a model is served, swapped under load, and refused once a byte of it has changed."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from fake.lifecycle import Endpoint
from onnx import TensorProto, helper, numpy_helper

BODY = b'{"data": [[1.0, 2.0]]}'


def _bundle(store: Path, factor: float) -> tuple[str, str]:
    """A bundle whose model multiplies by a factor: its directory and digest."""
    shape = ["N", 2]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "times",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.array(factor, np.float32), "factor")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
    onnx.checker.check_model(model)
    path = f"models/times/{int(factor)}"
    tensor = {"type": "tensor", "dtype": "float32", "shape": shape}
    document = {
        "format": "onnxport-bundle/1",
        "kind": "onnx",
        "models": [
            {
                "name": "times",
                "version": int(factor),
                "path": path,
                "file": "model.onnx",
                "framework": "onnx",
            }
        ],
        "signature": {
            "inputs": [{"name": "x", "type": tensor, "required": True}],
            "outputs": [{"name": "y", "type": tensor, "required": True}],
        },
        "files": [
            {
                "path": f"{path}/model.onnx",
                "size": len(model),
                "sha256": hashlib.sha256(model).hexdigest(),
            }
        ],
    }
    content = json.dumps(document).encode()
    digest = hashlib.sha256(content).hexdigest()
    (store / digest / path).mkdir(parents=True)
    (store / digest / path / "model.onnx").write_bytes(model)
    (store / digest / "bundle.json").write_bytes(content)
    return str(store / digest), f"sha256:{digest}"


class _Subject(Endpoint):
    """An endpoint of real bundles."""

    def want_factor(self, number: int) -> None:
        bundle, digest = _bundle(self.directory / "bundles", number)
        self.want_bundle(number, bundle, digest)

    def want_bundle(self, number: int, bundle: str, digest: str) -> None:
        self.generation += 1
        document = {
            "format": "onnxport-endpoint/1",
            "name": "times",
            "generation": self.generation,
            "revisions": [{"number": number, "digest": digest, "bundle": bundle}],
            "weights": {str(number): 100},
        }
        self.write(json.dumps(document).encode())

    def begin(self) -> None:
        self.start(sys.executable, "-m", "onnxport_serve", "--directory", str(self.directory))


def _score(connection) -> list[list[float]]:
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/score", BODY, headers)
    response = connection.getresponse()
    content = response.read()
    assert response.status == 200, content
    result: list[list[float]] = json.loads(content)["result"]
    return result


def test_a_model_is_served_and_swapped_on_the_same_connection(tmp_path):
    subject = _Subject(tmp_path)
    try:
        subject.want_factor(1)
        subject.begin()
        subject.wait_ready()
        connection = subject.connect()
        answers = [_score(connection)]
        connection.auto_open = 0
        for number in (2, 3):
            subject.want_factor(number)
            until_ready = subject.generation
            while subject.status()["generation"] != until_ready:
                answers.append(_score(connection))
            answers.append(_score(connection))
        assert answers[0] == [[1.0, 2.0]]
        assert answers[-1] == [[3.0, 6.0]]
        assert {answer[0][0] for answer in answers} == {1.0, 2.0, 3.0}
        assert subject.stop() == 0
    finally:
        subject.kill()


def test_a_changed_byte_of_a_model_is_refused_and_the_running_revision_stays(tmp_path):
    subject = _Subject(tmp_path)
    try:
        subject.want_factor(1)
        subject.begin()
        subject.wait_ready()
        bundle, digest = _bundle(tmp_path / "bundles", 2)
        model = next(Path(bundle).rglob("model.onnx"))
        content = bytearray(model.read_bytes())
        content[-1] ^= 1
        model.write_bytes(content)
        subject.want_bundle(2, bundle, digest)
        status = subject.wait_for("an error", lambda status: status["error"])
        assert status["error"]["code"] == "bundle_changed"
        assert "has changed" in status["error"]["message"]
        assert _score(subject.connect()) == [[1.0, 2.0]]
    finally:
        subject.kill()
