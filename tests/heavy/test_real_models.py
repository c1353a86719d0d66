"""Every real model is deployed and gives its expected outputs through each form that can express them; bad ones are refused."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from heavy.cases import FOLDER, Array, Case, Request, Value, read_cases
from heavy.endpoints import Address, Program

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder of real models beside the checkout"),
]
OIP_NAMES = {
    "float32": "FP32", "float64": "FP64", "float16": "FP16", "bool": "BOOL",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "object": "BYTES",
}  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program on a workspace of its own, everything stopped afterwards."""
    program = Program(tmp_path_factory.mktemp("workspace"))
    yield program
    program("down", "--yes")


@pytest.mark.parametrize("case", read_cases(serves=True), ids=lambda case: case.name)
def test_a_real_model_is_served_and_matches(case: Case, program: Program) -> None:
    name = case.name.replace("_", "-")
    address = program.deploy(case.folder / "model.onnx", "--name", name)
    for request in case.requests:
        assert_score_matches(address, request)
        assert_v2_matches(address, name, request)
    done = program("endpoint", "delete", name, "--yes")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("case", read_cases(serves=False), ids=lambda case: case.name)
def test_a_bad_model_is_refused_with_its_cause(case: Case, program: Program) -> None:
    cause = {"neg_corrupt": "not", "neg_custom_op": "operator", "neg_lfs_pointer": "LFS"}[case.name]
    for command in ("inspect", "deploy"):
        done = program(command, case.folder / "model.onnx")

        assert done.returncode == 1
        assert cause.lower() in (done.stdout + done.stderr).lower()
        assert "Traceback" not in done.stdout + done.stderr


def assert_score_matches(address: Address, request: Request) -> None:
    """The friendly form with names."""
    body = json.dumps({"inputs": {value.name: value.plain for value in request.inputs}}).encode()
    status, _, content = address.request(
        "POST", "/score", body, {"Content-Type": "application/json"}
    )
    assert status == 200, content[:300]
    outputs = json.loads(content)["outputs"]
    for expected in request.expected:
        assert_close(expected, outputs[expected.name], request.tolerance)


def assert_v2_matches(address: Address, name: str, request: Request) -> None:
    """JSON (float16 has none) and binary tensors."""
    if any(value.array is None for value in (*request.inputs, *request.expected)):
        return
    path = f"/v2/models/{name}/infer"
    if all(
        value.array.dtype != np.float16
        for value in (*request.inputs, *request.expected)
        if value.array is not None
    ):
        body = json.dumps({"inputs": [_json_tensor(value) for value in request.inputs]}).encode()
        status, _, content = address.request("POST", path, body)
        assert status == 200, content[:300]
        answers = {
            output["name"]: np.array(output["data"]).reshape(output["shape"])
            for output in json.loads(content)["outputs"]
        }
        for expected in request.expected:
            assert_close(expected, answers[expected.name].tolist(), request.tolerance)
    answers = binary_inference(address, path, request)
    for expected in request.expected:
        assert_close(expected, answers[expected.name].tolist(), request.tolerance)


def binary_inference(address: Address, path: str, request: Request) -> dict[str, Array]:
    """The binary tensor extension in both directions."""
    blobs = [_to_bytes(value.array) for value in request.inputs if value.array is not None]
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": value.name,
                    "shape": list(np.shape(value.array)),
                    "datatype": _oip(value),
                    "parameters": {"binary_data_size": len(blob)},
                }
                for value, blob in zip(request.inputs, blobs, strict=True)
            ],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    headers = {
        "Inference-Header-Content-Length": str(len(head)),
        "Content-Type": "application/octet-stream",
    }
    status, answer_headers, content = address.request("POST", path, head + b"".join(blobs), headers)
    assert status == 200, content[:300]
    length = int(answer_headers["inference-header-content-length"])
    offset, answers = length, {}
    for output in json.loads(content[:length])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        answers[output["name"]] = _from_bytes(
            content[offset : offset + size], output["datatype"], output["shape"]
        )
        offset += size
    assert offset == len(content)
    return answers


def assert_close(expected: Value, answer: Any, tolerance: float) -> None:
    """Exact for whole numbers, flags and text; within the tolerance for floats; shapes always."""
    if expected.array is None:
        assert_same_maps(expected.plain, answer, tolerance)
        return
    got = np.array(answer, dtype=object if expected.array.dtype == object else None).reshape(
        np.shape(answer)
    )
    assert expected.array.shape == got.shape
    if expected.array.dtype.kind == "f":
        np.testing.assert_allclose(
            got.astype(np.float64), expected.array.astype(np.float64), rtol=0, atol=tolerance
        )
    else:
        np.testing.assert_array_equal(got, expected.array)


def assert_same_maps(expected: Any, answer: Any, tolerance: float) -> None:
    """Lists of objects, number by number."""
    if isinstance(expected, dict):
        assert expected.keys() == answer.keys()
        for key, value in expected.items():
            assert_same_maps(value, answer[key], tolerance)
    elif isinstance(expected, list):
        assert len(expected) == len(answer)
        for one, other in zip(expected, answer, strict=True):
            assert_same_maps(one, other, tolerance)
    else:
        assert expected == pytest.approx(answer, abs=tolerance)


def _json_tensor(value: Value) -> dict[str, Any]:
    return {
        "name": value.name,
        "shape": list(np.shape(value.array)),
        "datatype": _oip(value),
        "data": value.plain,
    }


def _oip(value: Value) -> str:
    assert value.array is not None
    return OIP_NAMES[str(value.array.dtype)]


def _to_bytes(array: Array) -> bytes:
    if array.dtype == object:
        texts = [text.encode() for text in array.ravel()]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return array.tobytes()


def _from_bytes(content: bytes, datatype: str, shape: list[int]) -> Array:
    if datatype != "BYTES":
        dtype = next(name for name, oip in OIP_NAMES.items() if oip == datatype)
        return np.frombuffer(content, dtype=dtype).reshape(shape)
    texts, offset = [], 0
    while offset < len(content):
        (length,) = struct.unpack_from("<I", content, offset)
        texts.append(content[offset + 4 : offset + 4 + length].decode())
        offset += 4 + length
    return np.array(texts, dtype=object).reshape(shape)


def test_the_folder_of_cases_is_complete() -> None:
    assert len(read_cases(serves=True)) >= 25
    assert Path(FOLDER / "README.md").exists()
