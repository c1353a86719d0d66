"""Azure ML's own inference server as the oracle: the same requests to both, the same status, headers and body.

What differs on purpose is listed in `docs/reference/azure-inference-server.md` with its reason, and tested elsewhere.
"""

import http.client
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fake.lifecycle import until
from fake.script_endpoint import Reply, script_endpoint
from heavy import vendor_scripts
from heavy.vendor_scripts import Ask
from uv import find_uv_bin

pytestmark = [pytest.mark.heavy, pytest.mark.network]
PACKAGES = ["azureml-inference-server-http==1.5.1", "inference-schema[numpy-support]==1.8", "numpy"]
COMPARED = (
    "content-type",
    "x-ms-run-function-failed",
    "x-ms-client-request-id",
    "traceid",
    "x-two",
)
DIFFERENT = {
    ("plain", "ids 7"): "an answer always has an id under which the log tells more",
    ("decorated", "body 12"): "a body that is no text is the client's mistake, not the server's",
}
SCRIPTS = {
    "plain": (vendor_scripts.PLAIN, vendor_scripts.plain_asks()),
    "decorated": (vendor_scripts.DECORATED, vendor_scripts.decorated_asks()),
    "raw": (vendor_scripts.RAW, vendor_scripts.raw_asks()),
}


@pytest.fixture(scope="session")
def vendor_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the vendor's server in it; our worker runs in the same one, its own modules first."""
    place = tmp_path_factory.mktemp("vendor") / "environment"
    uv = find_uv_bin()
    python = str(place / "bin/python")
    for command in (
        ["venv", "--quiet", "--python", "3.11", str(place)],
        ["pip", "install", "--quiet", "--python", python, *PACKAGES],
    ):
        done = subprocess.run([uv, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = f"the vendor's server cannot be installed: {done.stderr[-500:]}"
            pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return place


@contextmanager
def vendor_server(folder: Path, source: str, environment: Path) -> Iterator[int]:
    folder.mkdir()
    (folder / "score.py").write_text(source)
    ports = [free_port(), free_port()]
    command = [environment / "bin/azmlinfsrv", "--entry_script", "score.py", "--model_dir", folder]
    command += ["--port", str(ports[0]), "--health_port", str(ports[1])]
    variables = {**os.environ, "AML_APP_ROOT": str(folder), "PYTHONPATH": ""}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            list(map(str, command)), cwd=folder, env=variables, stdout=log, stderr=log
        )
    try:
        until(lambda: answers(ports[0]), (folder / "server.log").read_text(), 60)
        yield ports[0]
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        return ask(port, Ask("alive", "GET", "/")).status == 200
    except OSError:
        return False


def ask(port: int, one: Ask) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(one.method, one.path, one.body or None, one.headers)
        response = connection.getresponse()
        fields: dict[str, str] = {}
        for name, value in response.getheaders():
            known = fields.get(name.lower())
            fields[name.lower()] = value if known is None else f"{known}, {value}"
        return Reply(response.status, fields, response.read())
    finally:
        connection.close()


def told(reply: Reply, one: Ask) -> dict[str, Any]:
    """What has to be the same. An id that nobody gave is made up by each server."""
    given = {name.lower() for name in one.headers}
    headers = {name: reply.headers.get(name) for name in COMPARED}
    if "x-request-id" in given:
        headers["x-request-id"] = reply.headers.get("x-request-id")
    if given & {"x-request-id", "x-ms-request-id", "x-ms-client-request-id"}:
        headers["x-ms-request-id"] = reply.headers.get("x-ms-request-id")
    timed = "x-ms-run-fn-exec-ms" in reply.headers
    return {"status": reply.status, **headers, "timed": timed, "body": reply.body}


@pytest.mark.parametrize("name", SCRIPTS)
def test_both_servers_say_the_same(name: str, tmp_path: Path, vendor_environment: Path) -> None:
    source, asks = SCRIPTS[name]
    place = str(vendor_environment)
    with (
        vendor_server(tmp_path / "vendor", source, vendor_environment) as port,
        script_endpoint(tmp_path / "ours", source, environment=place) as subject,
    ):
        theirs = {one.name: told(ask(port, one), one) for one in asks}
        ours = {one.name: told(ask(subject.port, one), one) for one in asks}

    different = {
        one.name: (one.body[:60], theirs[one.name], ours[one.name])
        for one in asks
        if theirs[one.name] != ours[one.name]
    }
    on_purpose = {one for script, one in DIFFERENT if script == name}
    assert on_purpose == on_purpose & different.keys()
    different = {one: values for one, values in different.items() if one not in on_purpose}
    assert len(ours) == len(asks)
    assert not different, "\n".join(f"{name}: {values}" for name, values in different.items())


def test_there_are_enough_requests() -> None:
    assert sum(len(asks) for _, asks in SCRIPTS.values()) >= 200


def test_swagger_describes_the_same_types(tmp_path: Path, vendor_environment: Path) -> None:
    source, _ = SCRIPTS["decorated"]
    with (
        vendor_server(tmp_path / "vendor", source, vendor_environment) as port,
        script_endpoint(tmp_path / "ours", source, environment=str(vendor_environment)) as subject,
    ):
        for version in ("2", "3", "3.1"):
            one = Ask("swagger", "GET", f"/swagger.json?version={version}")
            theirs, ours = ask(port, one).json(), ask(subject.port, one).json()
            assert schemas(theirs) == schemas(ours)
            assert operations(theirs) == operations(ours)


def schemas(document: dict[str, Any]) -> Any:
    return document.get("definitions") or document["components"]["schemas"]


def operations(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (path, method, operation["operationId"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
