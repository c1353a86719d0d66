"""The endpoint does what its own OpenAPI document says, over real HTTP with a real model."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fake.http_endpoint import KEY, Answer, Settings, bearer
from fake.onnx_models import make_model, tensor
from fake.served_model import ServedModel, serving
from onnx import helper
from onnxport_serve.documents import Limits

ROW = [1.5, 2.0, -3.0, 0.0]
SAMPLE = {"data": [ROW]}


def make_two_outputs() -> Any:
    nodes = [
        helper.make_node("Identity", ["x"], ["y"]),
        helper.make_node("ArgMax", ["x"], ["best"], axis=1, keepdims=0),
    ]
    return make_model(nodes, outputs=[tensor("y"), tensor("best", ("n",), 7)])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModel]:
    directory = tmp_path_factory.mktemp("bundle")
    with serving(make_two_outputs(), directory, sample=SAMPLE) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def document(served: ServedModel) -> Any:
    return served.ask("GET", "/openapi.json").json()


def resolve(document: Any, node: Any) -> Any:
    """What a node says, its reference followed."""
    while "$ref" in node:
        reference = node["$ref"]
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    return node


def check(document: Any, operation: Any, answer: Answer) -> None:
    """The answer has a status, a content type, headers and a body that the operation states."""
    stated = resolve(document, operation["responses"][str(answer.status)])
    content_type = answer.headers["content-type"].partition(";")[0]
    schema = resolve(document, stated["content"][content_type]["schema"])

    assert set(stated["headers"]) - {"retry-after", "inference-header-content-length"} <= set(
        answer.headers
    )
    if content_type == "application/json":
        jsonschema_rs.validate(schema, answer.json())


def test_every_route_that_is_read_answers_as_stated(served: ServedModel, document: Any) -> None:
    seen = 0
    for path, item in document["paths"].items():
        if "get" in item:
            answer = served.ask("GET", path.replace("{version}", "1"))
            assert 200 == answer.status, path
            check(document, item["get"], answer)
            seen += 1

    assert 12 == seen


@pytest.mark.parametrize(
    "body",
    [
        {"data": [ROW]},
        {"data": []},
        {"inputs": {"x": [ROW, ROW]}},
        {"x": [ROW]},
        {
            "inputs": {"x": {"dims": ["1", "4"], "dataType": 1, "floatData": ROW}},
            "outputFilter": ["best"],
        },
    ],
    ids=["data", "empty batch", "inputs", "names", "onnx runtime server"],
)
def test_every_form_of_a_score_body_is_taken_and_answered_as_stated(
    body: Any, served: ServedModel, document: Any
) -> None:
    operation = document["paths"]["/score"]["post"]
    request = resolve(document, operation["requestBody"]["content"]["application/json"]["schema"])
    jsonschema_rs.validate(request, body)
    answer = served.ask("POST", "/score", json.dumps(body).encode())

    assert 200 == answer.status
    check(document, operation, answer)


def test_the_example_is_the_golden_request_with_its_answer(
    served: ServedModel, document: Any
) -> None:
    operation = document["paths"]["/score"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    answer = operation["responses"]["200"]["content"]["application/json"]["example"]

    assert SAMPLE == example
    assert answer == served.ask("POST", "/score", json.dumps(example).encode()).json()


@pytest.mark.parametrize("path", ["/v2/models/iris/infer", "/v2/models/iris/versions/1/infer"])
@pytest.mark.parametrize("data", [ROW, [ROW]], ids=["flat", "nested"])
def test_infer_is_taken_and_answered_as_stated(
    path: str, data: Any, served: ServedModel, document: Any
) -> None:
    operation = document["paths"][path.replace("versions/1", "versions/{version}")]["post"]
    x = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": data}
    body = {"id": "7", "inputs": [x], "outputs": [{"name": "best"}]}
    request = resolve(document, operation["requestBody"]["content"]["application/json"]["schema"])
    jsonschema_rs.validate(request, body)
    answer = served.ask("POST", path, json.dumps(body).encode())

    assert 200 == answer.status
    check(document, operation, answer)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/score", b"{", {}, 400),
        ("POST", "/score", b"{}", {"Host": "other.example"}, 403),
        ("GET", "/score", b"", {}, 405),
        ("POST", "/score", b"x" * 2000, {}, 413),
        ("POST", "/score", b"{}", {"X": "y" * 40000}, 431),
        ("GET", "/swagger.json?version=9", b"", {}, 404),
        ("POST", "/v2/models/iris/infer", b"{}", {}, 400),
        ("GET", "/v2/models/iris/infer", b"", {}, 405),
        ("GET", "/v2/models/iris/versions/9", b"", {}, 404),
    ],
    ids=lambda value: str(value)[:30],
)
def test_refusals_are_answered_as_stated(
    method: str, path: str, body: bytes, headers: dict[str, str], status: int, tmp_path: Any
) -> None:
    settings = Settings(limits=Limits(body_bytes=1500))
    with serving(make_two_outputs(), tmp_path, settings=settings) as endpoint:
        document = endpoint.ask("GET", "/openapi.json").json()
        answer = endpoint.ask(method, path, body, headers)
    item = document["paths"][path.partition("?")[0].replace("versions/9", "versions/{version}")]

    assert status == answer.status
    check(document, item.get("post") or item["get"], answer)


def test_what_needs_a_key_is_what_says_so(tmp_path: Any) -> None:
    with serving(make_two_outputs(), tmp_path, settings=Settings(needs_key=True)) as endpoint:
        document = endpoint.ask("GET", "/openapi.json").json()
        for path, item in document["paths"].items():
            method = "get" if "get" in item else "post"
            target = path.replace("{version}", "1")
            body = b"{" if method == "post" else b""
            without = endpoint.ask(method.upper(), target, body)
            with_key = endpoint.ask(method.upper(), target, body, bearer(KEY))

            assert ("security" in item[method]) == (without.status == 401), path
            assert with_key.status == (400 if method == "post" else 200), path
            check(document, item[method], without)


@pytest.mark.parametrize("version", ["2", "3", "3.1"])
def test_swagger_is_served_in_every_version(version: str, served: ServedModel) -> None:
    answer = served.ask("GET", f"/swagger.json?version={version}")

    assert version[0] == (answer.json().get("swagger") or answer.json()["openapi"])[0]
    assert "application/json" == answer.headers["content-type"]
