"""The request that an endpoint can be tried with, and the curl line that sends it."""

import json
import shlex
from pathlib import Path

import pytest
from onnxport.domain.bundle import BundleManifest, BundleSample
from onnxport.domain.dtype import DType
from onnxport.domain.signature import (
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
)
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.endpoint.example_request import (
    ExampleRequest,
    example_document,
    example_request,
)


def tensor(name="x", dtype=DType.FLOAT32, shape=(None, 2), required=True):
    return NamedValue(name, TensorType(dtype, shape), required)


@pytest.mark.parametrize(
    ("inputs", "document"),
    [
        ([tensor()], {"data": [[0.0, 0.0]]}),
        ([tensor(shape=("N", "M"))], {"data": [[0.0]]}),
        ([tensor(shape=())], {"data": 0.0}),
        ([tensor(shape=None)], {"data": 0.0}),
        ([tensor(shape=(0, 2))], {"data": []}),
        ([tensor(dtype=DType.INT64, shape=(1,))], {"data": [0]}),
        ([tensor(dtype=DType.BOOL, shape=(1,))], {"data": [False]}),
        ([tensor(dtype=DType.STRING, shape=(1,))], {"data": ["text"]}),
        (
            [tensor("a", shape=(1,)), tensor("b", DType.UINT8, (1,))],
            {"inputs": {"a": [0.0], "b": [0]}},
        ),
        ([tensor("a", shape=(1,)), tensor("b", required=False)], {"inputs": {"a": [0.0]}}),
        ([NamedValue("s", SequenceType(TensorType(DType.INT32, (1,))))], {"data": [[0]]}),
        ([NamedValue("o", OptionalType(TensorType(DType.INT32, (1,))))], {"data": [0]}),
        ([], {"inputs": {}}),
        ([tensor(dtype=DType.COMPLEX64)], None),
        ([tensor(shape=(10_000, 10_000))], None),
        ([NamedValue("m", MapType(DType.STRING, TensorType(DType.FLOAT32, ())))], None),
    ],
    ids=[
        "batch", "names", "scalar", "unknown rank", "empty", "integer", "bool", "text", "two",
        "default", "sequence", "optional", "no inputs", "complex", "huge", "map",
    ],
)  # fmt: skip
def test_an_example_stays_within_the_signature(inputs, document):
    assert document == example_document(Signature(tuple(inputs), ()))


def manifest(signature=None, sample=None) -> BundleManifest:
    return BundleManifest("onnx", (), signature, sample, None, None, ())


def test_a_large_example_goes_into_a_file_of_the_endpoint(tmp_path):
    signature = Signature((tensor(shape=(1, 1000)),), ())

    example = example_request(EndpointDirectory(tmp_path), tmp_path, manifest(signature))

    assert {"data": [[0.0] * 1000]} == json.loads(example.file.read_bytes())
    assert f"@{tmp_path / 'example.json'}" in shlex.split(example.curl("http://h:1", None))


@pytest.mark.parametrize(
    ("body", "kind", "inline"),
    [
        (b'{"data": [1]}', "application/json", True),
        (b'{"data": [1],\n "x": 2}', "application/json", False),
        (b"\x93NUMPY", "application/x-npy", False),
        (b"\xff", "application/json", False),
    ],
    ids=["line", "lines", "array", "not text"],
)
def test_a_given_sample_is_shown_only_where_a_shell_line_can_hold_it(tmp_path, body, kind, inline):
    (tmp_path / "request").write_bytes(body)
    sample = BundleSample("request", kind, "user")

    example = example_request(EndpointDirectory(tmp_path), tmp_path, manifest(sample=sample))

    assert (inline, "user", body) == (example.file is None, example.origin, example.body)


def test_a_curl_line_survives_the_shell_and_fetches_the_key(tmp_path):
    body = b"""{"data": ["it's $HOME `id` \\"x\\""]}"""
    example = ExampleRequest("application/json", body, None, "user")

    line = example.curl("http://127.0.0.1:8000", "onnxport endpoint keys x --only primary")

    words = shlex.split(line)
    assert body.decode() == words[words.index("-d") + 1]
    assert "Authorization: Bearer $(onnxport endpoint keys x --only primary)" in words


def test_a_file_with_spaces_is_quoted():
    example = ExampleRequest("application/json", b"", Path("/my data/ü.json"), "user")

    assert "@/my data/ü.json" in shlex.split(example.curl("http://127.0.0.1:8000", None))
