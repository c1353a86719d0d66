"""What a script's endpoint answers, over real HTTP: statuses, headers, bodies as Azure ML's inference server has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake.lifecycle import until
from fake.script_endpoint import ScriptEndpoint, script_endpoint

ECHO = """
import json, os, sys
from azureml.contrib.services.aml_response import AMLResponse
import flask_like

def init():
    global state
    state = "ready"

def run(raw_data):
    wanted = json.loads(raw_data)
    kind = wanted.get("kind")
    if kind == "raise":
        raise ValueError("secret words")
    if kind == "nan":
        return float("nan")
    if kind == "set":
        return {1, 2}
    if kind == "response":
        return AMLResponse(b"\\x00\\x01", 202, {"Content-Type": "image/png", "x-more": "a, b"})
    if kind == "failed response":
        return AMLResponse({"why": "me"}, 503, json_str=True)
    if kind == "header":
        return AMLResponse("x", 200, {"x-evil": "a\\r\\nset-cookie: b"})
    if kind == "framework":
        return flask_like.Response()
    if kind == "type":
        return [type(raw_data).__name__, state]
    return wanted.get("value")
"""
FLASK_LIKE = """
class Response:
    status_code = 201
    headers = {"Content-Type": "text/plain", "Content-Length": "999"}

    def get_data(self):
        return b"made"
"""


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptEndpoint]:
    folder = tmp_path_factory.mktemp("echo")
    with script_endpoint(folder, ECHO, files={"flask_like.py": FLASK_LIKE}) as subject:
        yield subject


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"a": [1, 2.5, None, "é"]}, b'{"a": [1, 2.5, null, "\\u00e9"]}'),
        ("text", b'"text"'),
        (None, b"{}"),
        (3, b"3"),
        ([], b"[]"),
    ],
)
def test_values_are_written_as_json(echo: ScriptEndpoint, value: object, body: bytes) -> None:
    reply = echo.score(json.dumps({"value": value}))

    assert (200, body) == (reply.status, reply.body)
    assert "application/json" == reply.headers["content-type"]
    assert "False" == reply.headers["x-ms-run-function-failed"]
    assert float(reply.headers["x-ms-run-fn-exec-ms"]) >= 0
    assert "1" == reply.headers["x-onnxport-revision"]


def test_run_gets_text_and_what_init_has_made(echo: ScriptEndpoint) -> None:
    assert ["str", "ready"] == echo.score('{"kind": "type"}').json()


def test_nan_stays_nan(echo: ScriptEndpoint) -> None:
    assert b"NaN" == echo.score('{"kind": "nan"}').body


def test_an_exception_is_told_without_its_words_and_logged_with_its_line(
    echo: ScriptEndpoint,
) -> None:
    reply = echo.score('{"kind": "raise"}', {"x-request-id": "raising"})

    message = "An unexpected error occurred in scoring script. Check the logs for more info."
    assert (500, {"message": message}) == (reply.status, reply.json())
    assert "True" == reply.headers["x-ms-run-function-failed"]
    assert "x-ms-run-fn-exec-ms" not in reply.headers
    line = until(lambda: logged(echo, "raising"), "its log line")
    assert "error" == line["level"]
    assert 'score.py", line 14, in run' in line["text"]
    assert line["text"].endswith("ValueError: secret words")
    assert "onnxport_worker" not in line["text"]


def logged(subject: ScriptEndpoint, request_id: str) -> dict[str, Any] | None:
    lines = [one for one in subject.log_events() if one.get("request_id") == request_id]
    return lines[0] if lines else None


def test_what_is_no_json_is_an_internal_error(echo: ScriptEndpoint) -> None:
    reply = echo.score('{"kind": "set"}')

    message = "An unexpected internal error occurred. Check the logs for more info."
    assert (500, {"message": message}) == (reply.status, reply.json())
    assert "False" == reply.headers["x-ms-run-function-failed"]


def test_a_response_is_sent_as_it_is(echo: ScriptEndpoint) -> None:
    reply = echo.score('{"kind": "response"}')

    assert (202, b"\x00\x01") == (reply.status, reply.body)
    assert ("image/png", "b") == (reply.headers["content-type"], reply.headers["x-more"])
    assert "False" == reply.headers["x-ms-run-function-failed"]


def test_a_response_of_a_server_error_counts_as_failed(echo: ScriptEndpoint) -> None:
    reply = echo.score('{"kind": "failed response"}')

    assert (503, {"why": "me"}) == (reply.status, reply.json())
    assert "True" == reply.headers["x-ms-run-function-failed"]


def test_a_response_of_a_web_framework_is_known_by_its_members(echo: ScriptEndpoint) -> None:
    reply = echo.score('{"kind": "framework"}')

    assert (201, b"made", "4") == (reply.status, reply.body, reply.headers["content-length"])


def test_a_header_that_would_end_its_line_is_not_sent(echo: ScriptEndpoint) -> None:
    reply = echo.score('{"kind": "header"}')

    assert 500 == reply.status
    assert "set-cookie" not in reply.headers


def test_a_query_is_read_as_values(echo: ScriptEndpoint) -> None:
    reply = echo.score(b"", method="GET", path="/score?value=%5B1%2C2%5D&other=x&other=y")

    assert (200, [1, 2]) == (reply.status, reply.json())


def test_a_body_that_is_no_text_is_refused(echo: ScriptEndpoint) -> None:
    reply = echo.score(b"\xff\xfe")

    assert 400 == reply.status
    assert reply.json()["message"].startswith("Input cannot be decoded as UTF-8: 'utf-8' codec")
    assert "False" == reply.headers["x-ms-run-function-failed"]


def test_the_content_type_does_not_matter(echo: ScriptEndpoint) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}

    assert 7 == echo.score('{"value": 7}', form).json()


@pytest.mark.parametrize("size", [49_000, 60_000, 3_000_000])
def test_large_bodies_and_answers_arrive_whole(echo: ScriptEndpoint, size: int) -> None:
    value = "x" * size

    assert value == echo.score(json.dumps({"value": value})).json()


def test_ids_are_echoed(echo: ScriptEndpoint) -> None:
    ids = {"x-request-id": "a", "x-ms-client-request-id": "b", "traceid": "c"}
    reply = echo.score("{}", ids)

    got = [reply.headers[name] for name in ("x-request-id", "x-ms-client-request-id", "traceid")]
    assert (["a", "b", "c"], "b") == (got, reply.headers["x-ms-request-id"])


def test_ids_that_are_too_long_are_refused(echo: ScriptEndpoint) -> None:
    reply = echo.score("{}", {"x-request-id": "a" * 101})

    assert (431, {"message": "x-request-id must not exceed 100 characters"}) == (
        reply.status,
        reply.json(),
    )


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("DELETE", 405), ("OPTIONS", 200)])
def test_other_methods(echo: ScriptEndpoint, method: str, status: int) -> None:
    assert status == echo.score(b"", method=method).status


def test_head_has_the_headers_of_get_and_no_body(echo: ScriptEndpoint) -> None:
    reply = echo.score(b"", method="HEAD", path="/score?value=1")

    assert b"" == reply.body


def test_tensors_are_for_onnx_revisions(echo: ScriptEndpoint) -> None:
    reply = echo.score(b"{}", path="/v2/models/scripts/infer")

    assert 501 == reply.status
    assert "POST /score" in reply.json()["error"]
    metadata = echo.score(b"", method="GET", path="/v2/models/scripts").json()
    assert ("python_script", []) == (metadata["platform"], metadata["inputs"])


def test_swagger_of_an_undecorated_script_is_open(echo: ScriptEndpoint) -> None:
    second, third, newest, unknown = (
        echo.score(b"", method="GET", path="/swagger.json" + query)
        for query in ("", "?version=3", "?version=3.1", "?version=9")
    )

    open_schema = {"type": "object", "example": {}}
    assert ("2.0", open_schema) == (
        second.json()["swagger"],
        second.json()["definitions"]["ServiceInput"],
    )
    assert ("3.0.3", "3.1.0") == (third.json()["openapi"], newest.json()["openapi"])
    assert newest.json() == echo.score(b"", method="GET", path="/openapi.json").json()
    message = "Swagger version [9] is not valid. Supported versions: [2, 3, 3.1]."
    assert (404, message) == (unknown.status, unknown.json()["message"])


def test_metrics_count_runs_and_failures(echo: ScriptEndpoint) -> None:
    echo.score('{"value": 1}')
    echo.score('{"kind": "raise"}')
    text = echo.score(b"", method="GET", path="/metrics").body.decode()

    lines = [line for line in text.splitlines() if line.startswith("onnxport_requests_total")]
    assert ["200", "500"] == [
        code
        for code in ("200", "500")
        if any(f'protocol="score",code="{code}"' in line for line in lines)
    ]


RAW = """
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse

def init():
    pass

@rawhttp
def run(request):
    assert isinstance(request, AMLRequest)
    if request.method == "GET":
        return {"page": request.args.get("page", 1, type=int), "path": request.full_path}
    if request.files:
        upload = request.files["image"]
        return [upload.filename, upload.content_type, len(upload.read()), request.form["note"]]
    if request.is_json:
        return {"json": request.json, "agent": request.headers.get("user-agent")}
    return AMLResponse(request.get_data()[::-1], 200)
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptEndpoint]:
    with script_endpoint(tmp_path_factory.mktemp("raw"), RAW) as subject:
        yield subject


def test_a_raw_request_comes_with_everything(raw: ScriptEndpoint) -> None:
    bytes_reply = raw.score(b"\x01\xff\x02", {"content-type": "application/octet-stream"})
    json_reply = raw.score(
        '{"a": 1}', {"content-type": "application/json", "user-agent": "me", "authorization": "k"}
    )
    query_reply = raw.score(b"", method="GET", path="/score?page=4")

    assert b"\x02\xff\x01" == bytes_reply.body
    assert "text/html; charset=utf-8" == bytes_reply.headers["content-type"]
    assert {"json": {"a": 1}, "agent": "me"} == json_reply.json()
    assert {"page": 4, "path": "/score?page=4"} == query_reply.json()


def test_a_raw_request_may_be_a_form_with_files(raw: ScriptEndpoint) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x00\r\n--B--\r\n"
    )
    reply = raw.score(body, {"content-type": "multipart/form-data; boundary=B"})

    assert ["a.png", "image/png", 7, "hello"] == reply.json()


HEADERS = """
def init():
    pass

def run(data, request_headers):
    return {"data": data, "custom": request_headers.get("X-Custom"), "key": request_headers.get("Authorization")}
"""


def test_a_script_may_ask_for_the_headers_but_never_sees_the_key(tmp_path: Path) -> None:
    with script_endpoint(tmp_path, HEADERS) as subject:
        reply = subject.score("body", {"x-custom": "1", "authorization": "Bearer secret"})

    assert {"data": "body", "custom": "1", "key": None} == reply.json()


PLAIN = "def init(): pass\ndef run(data): return data\n"


def test_a_swagger_document_beside_the_script_is_served(tmp_path: Path) -> None:
    files = {"swagger3.json": '{"openapi": "3.0.0", "mine": true}'}
    with script_endpoint(tmp_path, PLAIN, files=files) as subject:
        third = subject.score(b"", method="GET", path="/swagger.json?version=3").json()
        second = subject.score(b"", method="GET", path="/swagger.json").json()

    assert {"openapi": "3.0.0", "mine": True} == third
    assert "2.0" == second["swagger"]


def test_a_swagger_document_that_is_none_is_not_passed_over(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    subject.add_script(1, PLAIN, files={"swagger.json": "{"})
    try:
        subject.serve({1: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
    finally:
        subject.kill()

    assert "swagger_unreadable" == status["error"]["code"]
    assert "swagger.json" in status["error"]["message"]
