"""Every route of an endpoint: what it answers, in which form, with which headers."""

import gzip
import json

import pytest
from fake.http_endpoint import Settings, build, running

TWO = Settings(weights={1: 100, 2: 0})
BODY = b'{"data": [1]}'


def test_the_root_is_azures_liveness() -> None:
    with running() as endpoint:
        answer = endpoint.ask()

    assert (200, b"Healthy") == (answer.status, answer.body)
    assert "text/html; charset=utf-8" == answer.headers["content-type"]


def test_a_score_says_who_answered_and_how_long_it_took() -> None:
    with running() as endpoint:
        headers = endpoint.score([1]).headers

    assert "application/json" == headers["content-type"]
    assert "1" == headers["x-onnxport-revision"]
    assert "False" == headers["x-ms-run-function-failed"]
    assert float(headers["x-ms-run-fn-exec-ms"]) >= 0
    stages = [stage.split(";dur=") for stage in headers["server-timing"].split(", ")]
    assert ["decode", "queue", "run", "encode"] == [name for name, _ in stages]
    assert all(float(milliseconds) >= 0 for _, milliseconds in stages)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"x-request-id": "mine"}, {"x-request-id": "mine", "x-ms-request-id": "mine"}),
        ({"x-ms-request-id": "old"}, {"x-ms-request-id": "old", "x-ms-client-request-id": "old"}),
        (
            {"x-ms-client-request-id": "client"},
            {"x-ms-request-id": "client", "x-ms-client-request-id": "client"},
        ),
        (
            {"x-ms-request-id": "old", "x-ms-client-request-id": "client"},
            {"x-ms-request-id": "old", "x-ms-client-request-id": "client"},
        ),
        ({"TraceId": "trace"}, {"traceid": "trace"}),
        ({"x-request-id": "a" * 100}, {"x-request-id": "a" * 100}),
    ],
    ids=["own", "legacy", "client", "both", "trace", "longest"],
)
def test_ids_come_back_as_azure_gives_them(sent: dict[str, str], expected: dict[str, str]) -> None:
    with running() as endpoint:
        headers = endpoint.ask("POST", "/score", BODY, sent).headers

    assert expected == {name: headers[name] for name in expected}


def test_without_an_id_a_new_one_is_made_for_each_request() -> None:
    with running() as endpoint, endpoint.connect() as client:
        ids = []
        for _ in range(3):
            client.send(build("POST", "/score", BODY))
            headers = client.read().headers
            ids.append(headers["x-request-id"])
            assert headers["x-request-id"] == headers["x-ms-request-id"]

    assert 3 == len(set(ids))


@pytest.mark.parametrize("name", ["x-request-id", "x-ms-request-id", "x-ms-client-request-id"])
def test_an_id_of_more_than_100_characters_is_refused(name: str) -> None:
    with running() as endpoint:
        answer = endpoint.ask("POST", "/score", BODY, {name: "a" * 101})

    assert 431 == answer.status
    assert name in answer.json()["message"]
    assert answer.json()["message"].endswith("must not exceed 100 characters")


@pytest.mark.parametrize("body", [b"", b"{", b"null", b'{"other": 1}', b"\xff"])
def test_a_body_that_the_codec_refuses_is_a_400_with_its_message(body: bytes) -> None:
    with running() as endpoint:
        answer = endpoint.ask("POST", "/score", body, {"Content-Length": str(len(body))})

    assert 400 == answer.status
    assert {
        "message": 'send {"data": [numbers]}',
        "code": "bad_request",
        "request_id": answer.headers["x-request-id"],
    } == answer.json()


def test_v2_errors_have_the_protocols_form() -> None:
    with running() as endpoint:
        answer = endpoint.ask("POST", "/v2/models/iris/infer", b"{")

    assert (400, {"error": 'send {"data": [numbers]}'}) == (answer.status, answer.json())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v2/models/other", "this endpoint serves the model 'iris', not 'other'"),
        ("/v2/models/%3Cb%3E/infer", "this endpoint serves the model 'iris', not '<b>'"),
        ("/v2/models/iris/versions/7", "version '7' of 'iris' is not loaded; loaded: 1, 2"),
        ("/v2/models/iris/versions/7/infer", "version '7' of 'iris' is not loaded; loaded: 1, 2"),
        ("/v2/models/iris/versions/01/infer", "version '01' of 'iris' is not loaded; loaded: 1, 2"),
    ],
)
def test_an_unknown_model_or_version_is_told_the_right_one(path: str, message: str) -> None:
    with running(TWO) as endpoint:
        answer = endpoint.ask("GET", path)

    assert (404, {"error": message}) == (answer.status, answer.json())


@pytest.mark.parametrize(
    "path", ["/nothing", "/score/", "/v2/models", "/v2/models/iris/other", "//"]
)
def test_an_unknown_path_is_a_404(path: str) -> None:
    with running() as endpoint:
        assert 404 == endpoint.ask("GET", path).status


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/score", "POST, OPTIONS"),
        ("DELETE", "/score?x=1", "POST, OPTIONS"),
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("POST", "/v2/models/iris", "GET, HEAD, OPTIONS"),
        ("GET", "/v2/models/iris/infer", "POST, OPTIONS"),
    ],
)
def test_another_method_is_told_the_right_ones(method: str, path: str, allow: str) -> None:
    with running() as endpoint:
        answer = endpoint.ask(method, path)

    assert (405, allow) == (answer.status, answer.headers["allow"])


def test_metadata_names_the_model_its_versions_and_tensors() -> None:
    with running(TWO) as endpoint:
        document = endpoint.ask("GET", "/v2/models/iris").json()
        same = endpoint.ask("GET", "/v2/models/iris/versions/2").json()

    assert ("iris", ["1", "2"], "onnxruntime_onnx") == (
        document["name"],
        document["versions"],
        document["platform"],
    )
    assert [{"name": "X", "datatype": "FP32", "shape": [-1]}] == document["inputs"]
    assert [{"name": "Y", "datatype": "FP32", "shape": [-1]}] == document["outputs"]
    assert ("iris:1", "iris:2") == (document["parameters"]["model"], same["parameters"]["model"])


def test_server_metadata_names_the_extensions_that_are_there() -> None:
    with running() as endpoint:
        assert ["binary_tensor_data"] == endpoint.ask("GET", "/v2").json()["extensions"]


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready", "/v2/models/iris/ready"])
def test_health(path: str) -> None:
    with running() as endpoint:
        assert 200 == endpoint.ask("GET", path).status


@pytest.mark.parametrize("length", ["x", "-1", "99", "1" * 20, ""])
def test_a_wrong_json_length_is_refused(length: str) -> None:
    with running() as endpoint:
        headers = {"Inference-Header-Content-Length": length}
        assert 400 == endpoint.ask("POST", "/v2/models/iris/infer", BODY, headers).status


@pytest.mark.parametrize("query", ["", "?version=2", "?version=3", "?version=3.1"])
def test_swagger_in_azures_versions(query: str) -> None:
    with running() as endpoint:
        document = endpoint.ask("GET", f"/swagger.json{query}").json()

    assert {"": "2", "?version=2": "2"}.get(query, "3") == (
        document.get("swagger") or document["openapi"]
    )[0]


def test_an_unknown_swagger_version_is_told_the_supported_ones() -> None:
    with running() as endpoint:
        answer = endpoint.ask("GET", "/swagger.json?version=9")

    assert 404 == answer.status
    assert (
        "Swagger version [9] is not valid. Supported versions: [2, 3, 3.1]."
        == answer.json()["message"]
    )


def test_the_page_and_all_its_files_are_served() -> None:
    with running() as endpoint:
        page = endpoint.ask("GET", "/docs")
        files = {
            path: endpoint.ask("GET", path.decode()).status
            for path in endpoint.app.state.routes
            if path.startswith(b"/docs/")
        }

    assert "default-src" in page.headers["content-security-policy"]
    assert files
    assert {200} == set(files.values())


def test_a_version_can_be_asked_for_although_its_weight_is_0() -> None:
    with running(TWO) as endpoint:
        for version in ("1", "2"):
            answer = endpoint.ask("POST", f"/v2/models/iris/versions/{version}/infer", BODY)
            assert (version, version) == (
                answer.json()["version"],
                answer.headers["x-onnxport-revision"],
            )


def test_metrics_count_what_happened() -> None:
    with running() as endpoint:
        for _ in range(3):
            endpoint.score([1])
        endpoint.ask("POST", "/score", b"{")
        endpoint.ask("POST", "/v2/models/iris/infer", b'{"data": [-1]}')
        text = endpoint.ask("GET", "/metrics").body.decode()

    labels = 'endpoint="iris",model="iris",version="1",protocol="score"'
    for line in (
        f'onnxport_request_duration_seconds_count{{{labels},code="200"}} 3',
        f'onnxport_request_duration_seconds_bucket{{{labels},code="200",le="+Inf"}} 3',
        f'onnxport_request_duration_seconds_count{{{labels},code="400"}} 1',
        f'onnxport_stage_duration_seconds_count{{{labels},stage="run"}} 3',
        'onnxport_requests_total{endpoint="iris",protocol="score",code="200"} 3',
        'onnxport_requests_total{endpoint="iris",protocol="score",code="400"} 1',
        'onnxport_requests_total{endpoint="iris",protocol="v2",code="500"} 1',
        'onnxport_rejected_total{endpoint="iris",reason="bad_request"} 1',
        'onnxport_requests_in_flight{endpoint="iris"} 0',
    ):
        assert line in text.splitlines()


def test_a_failed_run_is_a_500_without_the_payload() -> None:
    with running() as endpoint:
        answer = endpoint.ask("POST", "/score", b'{"data": [-1]}')

    assert (500, "run_failed") == (answer.status, answer.json()["code"])
    assert "True" == answer.headers["x-ms-run-function-failed"]
    assert "4711" not in answer.body.decode()
    assert "Foo" in answer.json()["message"]


def test_a_fault_of_this_program_is_a_500_that_says_where_to_look() -> None:
    with running() as endpoint:
        answer = endpoint.ask("POST", "/score", json.dumps({"data": [None]}).encode())
        assert endpoint.ask().status == 200

    assert 500 == answer.status
    line = json.loads(next(line for line in endpoint.lines if "unexpected" in line))
    assert (answer.headers["x-request-id"], "TypeError") == (line["request_id"], line["reason"])


@pytest.mark.parametrize("size", [0, 100_000], ids=["small", "large"])
@pytest.mark.parametrize("path", ["/score", "/v2/models/iris/infer"])
def test_a_compressed_body_is_refused_with_what_to_do(path: str, size: int) -> None:
    body = gzip.compress(b'{"data": [1]}') + bytes(size)
    with running() as endpoint:
        answer = endpoint.ask("POST", path, body, {"Content-Encoding": "gzip"})

    assert (415, "identity") == (answer.status, answer.headers["accept-encoding"])
    assert b"send it uncompressed" in answer.body


def test_a_refused_coding_costs_no_connection() -> None:
    with running() as endpoint, endpoint.connect() as client:
        for coding, status in (("gzip", 415), ("gzip", 415), ("identity", 200)):
            client.send(build("POST", "/score", b'{"data": [1]}', {"Content-Encoding": coding}))
            assert status == client.read().status
