"""Scoring scripts that both servers run, and the requests that both get."""

import json
import random
from dataclasses import dataclass, field

PLAIN = """
import json
from azureml_inference_server_http.api.aml_response import AMLResponse


def init():
    pass


def run(raw_data):
    wanted = json.loads(raw_data)
    kind = wanted["kind"] if isinstance(wanted, dict) and "kind" in wanted else "echo"
    if kind == "raise":
        raise KeyError("nothing")
    if kind == "set":
        return {1}
    if kind == "none":
        return None
    if kind == "nan":
        return [float("nan"), float("inf")]
    if kind == "text":
        return json.dumps({"result": [1]})
    if kind == "bytes":
        return AMLResponse(b"\\x00\\xff", 200, {"Content-Type": "image/png", "x-two": "a,b"})
    if kind == "json response":
        return AMLResponse({"a": "\\u00e9"}, 418, json_str=True)
    if kind == "server error":
        return AMLResponse("down", 503)
    if kind == "empty":
        return AMLResponse(None, 200)
    return {"got": wanted, "type": type(raw_data).__name__}
"""

DECORATED = """
import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init():
    pass


@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
@input_schema("name", StandardPythonParameterType("somebody"))
@output_schema(StandardPythonParameterType({"sum": 1.0, "name": "somebody"}))
def run(data, name="nobody"):
    return {"sum": float(data.sum()), "name": name, "shape": list(data.shape)}
"""

RAW = """
from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse


def init():
    pass


@rawhttp
def run(request):
    if request.args.get("status"):
        return AMLResponse("as asked", request.args.get("status", type=int))
    if request.is_json:
        return {"json": request.get_json()}
    if request.method == "GET":
        return {"args": request.args.to_dict(flat=False), "path": request.path, "full": request.full_path}
    return {
        "size": len(request.get_data()),
        "mime": request.mimetype,
        "agent": request.headers.get("user-agent"),
        "query": request.query_string.decode(),
        "form": request.form.to_dict(),
        "files": {n: f.filename for n, f in request.files.items()},
    }
"""


@dataclass(frozen=True)
class Ask:
    """One request."""

    name: str
    method: str = "POST"
    path: str = "/score"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


JSON = {"Content-Type": "application/json"}
FORM = (
    b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n\x00\x01\r\n--B--\r\n'
)


def plain_asks() -> list[Ask]:
    """Requests for a script without decorators."""
    kinds = "raise set none nan text bytes|json response|server error|empty".replace(" ", "|", 5)
    asks = [
        Ask(f"kind {kind}", body=json.dumps({"kind": kind}).encode(), headers=JSON)
        for kind in kinds.split("|")
    ]
    types = ["application/json", "text/plain", "application/octet-stream", "APPLICATION/JSON; charset=utf-8", "nonsense", "application/vnd.x+json", "image/png", "text/csv"]  # fmt: skip
    asks += [
        Ask(f"type {kind}", body=b'{"a": 1}', headers={"Content-Type": kind}) for kind in types
    ]
    bodies = [b"", b"null", b"[]", b"3", b'"x"', b"{", b"\xff\xfe", b"\x00", b"{}", b" { } ", b"[1, 2, NaN]", b'{"a": "\xc3\xa9"}', b"\xef\xbb\xbf{}", b'{"a":1}trailing', b"\xed\xa0\x80", b'{"a": ' + b"9" * 400 + b"}"]  # fmt: skip
    asks += [Ask(f"body {n}", body=body, headers=JSON) for n, body in enumerate(bodies)]
    queries = ["?a=1", "?a=1&a=2", "?a=%5B1%2C2%5D&b=c", "?a=", "?a", "?a=null&b=true", "?a=x%20y+z", "?kind=none", "?kind=raise", "?", "?a=%C3%A9", "?a=%FF", "?a=1&b={%22c%22:2}", "?=1"]  # fmt: skip
    asks += [Ask(f"query {query}", "GET", "/score" + query) for query in queries]
    ids = [
        {"x-request-id": "mine"},
        {"x-ms-request-id": "old"},
        {"x-ms-client-request-id": "client"},
        {"x-ms-request-id": "old", "x-ms-client-request-id": "client"},
        {"x-request-id": "mine", "x-ms-request-id": "old", "TraceId": "trace"},
        {"TraceId": "t"},
        {"x-request-id": "a" * 100},
        {"x-request-id": "a" * 101},
        {"x-ms-request-id": "a" * 101},
        {"x-ms-client-request-id": "a" * 101},
        {"x-ms-client-request-id": "a" * 100},
    ]
    asks += [Ask(f"ids {n}", body=b"{}", headers={**JSON, **one}) for n, one in enumerate(ids)]
    asks += [
        Ask("healthy", "GET", "/"),
        *(Ask(f"swagger {v}", "GET", f"/swagger.json?version={v}") for v in ("9", "2.5", "x")),
        Ask("large", body=json.dumps({"a": "y" * 200_000}).encode(), headers=JSON),
        Ask("larger", body=json.dumps({"a": list(range(200_000))}).encode(), headers=JSON),
    ]
    chance = random.Random(20261126)
    for number in range(100):
        noise = bytes(chance.randrange(256) for _ in range(chance.randrange(60)))
        broken = bytearray(json.dumps({"kind": "echo", "v": [1.5, "a", None]}).encode())
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        body = noise if number % 3 == 0 else bytes(broken)
        asks.append(Ask(f"noise {number}", body=body, headers=JSON))
    return asks


def decorated_asks() -> list[Ask]:
    """Requests for a script with `@input_schema`."""
    bodies = [
        b'{"data": [[1, 2], [3, 4]], "name": "me"}', b'{"data": [[1, 2]]}', b'{"name": "me"}', b"{}", b"", b"[]", b"null", b"{",
        b'{"data": 3}', b'{"data": "text"}', b'{"data": [[1]]}', b'{"data": [[1, 2]], "more": 1}', b"\xff", b'{"data": [["a", "b"]]}',
        b'{"data": []}', b'{"data": null}', b'{"data": [[1, 2]], "name": null}', b'{"data": [[1, 2]], "name": 3}', b"3", b'"x"', b"{} {}",
    ]  # fmt: skip
    asks = [Ask(f"body {n}", body=body, headers=JSON) for n, body in enumerate(bodies)]
    good = bodies[0]
    types = ["text/plain", "application/octet-stream", "application/json; charset=utf-8", "application/vnd.x+json", ""]  # fmt: skip
    asks += [
        Ask(f"type {kind}", body=good, headers={"Content-Type": kind} if kind else {})
        for kind in types
    ]
    queries = ["?data=%5B%5B1%2C2%5D%5D&name=x", "?data=%5B%5B1%2C2%5D%5D", "?name=x", ""]
    asks += [Ask(f"query {query}", "GET", "/score" + query) for query in queries]
    return asks


def raw_asks() -> list[Ask]:
    """Requests for a script with `@rawhttp`."""
    return [
        Ask("json", body=b'{"a": [1]}', headers=JSON),
        Ask("broken json", body=b"{", headers=JSON),
        Ask("octets", body=b"\x00\x01\xff", headers={"Content-Type": "application/octet-stream"}),
        Ask("nothing", body=b"", headers={"Content-Type": "image/png"}),
        Ask("agent", body=b"x", headers={"Content-Type": "text/plain; a=b", "User-Agent": "me/1"}),
        Ask("multipart", body=FORM, headers={"Content-Type": "multipart/form-data; boundary=B"}),
        Ask("query", "GET", "/score?a=1&a=2&b=x%20y"),
        Ask("no query", "GET", "/score"),
        Ask("status", body=b"x", path="/score?status=201", headers={"Content-Type": "text/plain"}),
        Ask("not found", body=b"x", path="/score?status=404", headers={"Content-Type": "text/plain"}),
        Ask("failed", body=b"x", path="/score?status=500", headers={"Content-Type": "text/plain"}),
        Ask("both", body=b"xy", path="/score?q=1", headers={"Content-Type": "text/plain", "User-Agent": "a"}),
    ]  # fmt: skip
