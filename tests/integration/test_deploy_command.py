"""The installed program from a model file to an answering endpoint, with the real data plane."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from fake.models import save_scaling_model

PROGRAM = Path(sys.executable).with_name("onnxport")
ENVIRONMENT = {**os.environ, "NO_COLOR": "1"}


class Program:
    """`onnxport` on one workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [PROGRAM, *map(str, words), "--workspace", str(self.root)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            env=ENVIRONMENT,
        )

    def done(self, *words: str | Path) -> str:
        result = self(*words)
        assert 0 == result.returncode, result.stdout + result.stderr
        return result.stdout

    def read(self, *words: str):
        return json.loads(self.done(*words, "--json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("with space ü")


@pytest.fixture(scope="module")
def program(folder):
    program = Program(folder / "my workspace")
    yield program
    program("down")


@pytest.fixture(scope="module")
def model(folder):
    return save_scaling_model(folder / "models é" / "double.onnx")


@pytest.fixture(scope="module")
def deployed(program, model):
    """What the first deployment printed."""
    return program.done("deploy", model)


@pytest.fixture(scope="module")
def url(deployed):
    return re.search(r"http://127\.0\.0\.1:\d+", deployed)[0]


def score(url: str, body: dict) -> dict:
    request = urllib.request.Request(
        f"{url}/score", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_the_printed_address_answers(url):
    assert {"result": [[2.0, 4.0, 6.0, 8.0]]} == score(url, {"data": [[1, 2, 3, 4]]})


def test_the_printed_curl_line_works_when_pasted(deployed):
    line = re.search(r"^try it:\s+(curl .*)$", deployed, re.MULTILINE)[1]

    answer = subprocess.run(["sh", "-c", f"{line} -sS"], capture_output=True, timeout=10)

    assert {"result": [[0.0, 0.0, 0.0, 0.0]]} == json.loads(answer.stdout), answer.stderr


def test_the_endpoint_outlives_the_command_in_a_session_of_its_own(program, url):
    pid = program.read("endpoint", "show", "double")["pid"]

    assert os.getsid(pid) == pid


def test_a_read_tells_programs_everything(program, url):
    (view,) = program.read("endpoint", "list")

    assert ("double", url, "ready", {"1": 100}, False) == tuple(
        view[field] for field in ("name", "url", "state", "traffic", "keys_required")
    )
    assert ["models:/double/1"] == view["revisions"][0]["models"]


@pytest.mark.parametrize("kind", ["endpoint", "reference", "file"])
def test_predict_answers_alike_for_endpoint_version_and_file(program, folder, model, url, kind):
    array = folder / "rows.npy"
    np.save(array, np.ones((2, 4), np.float32))
    what = {"endpoint": "double", "reference": "models:/double/1", "file": model}[kind]

    assert {"result": [[2.0] * 4] * 2} == json.loads(program.done("predict", what, "-i", array))


@pytest.mark.parametrize("kind", ["endpoint", "file"])
def test_predict_refuses_what_does_not_fit(program, folder, model, url, kind):
    body = folder / "wrong.json"
    body.write_text('{"data": [[1, 2]]}')

    result = program("predict", {"endpoint": "double", "file": model}[kind], "-i", body)

    assert 1 == result.returncode
    assert "wants float32" in result.stderr
    assert "help:" in result.stderr


def test_a_wrong_sample_is_refused_and_the_revision_that_runs_goes_on(program, folder, model, url):
    sample = folder / "sample.json"
    sample.write_text('{"data": [[1, 2]]}')

    result = program("deploy", save_scaling_model(folder / "b.onnx", 5), "--name", "double", "--sample", sample)  # fmt: skip

    assert 1 == result.returncode
    assert "float32" in result.stderr
    assert "keeps serving" in result.stderr
    assert {"result": [[2.0] * 4]} == score(url, {"data": [[1, 1, 1, 1]]})


def test_an_update_and_a_rollback_lose_no_request(program, folder, url):
    seen, failures, over = set(), [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                seen.add(score(url, {"data": [[1, 1, 1, 1]]})["result"][0][0])
            except (OSError, urllib.error.URLError) as error:
                failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    program.done("deploy", save_scaling_model(folder / "c.onnx", 7), "--name", "double")
    program.done("rollback", "double")
    over.set()
    thread.join()

    assert [] == failures
    assert {2.0, 7.0} == seen
    assert {"result": [[2.0] * 4]} == score(url, {"data": [[1, 1, 1, 1]]})


def test_a_request_is_answered_at_once_after_everything_was_killed(program, url):
    view = program.read("endpoint", "show", "double")
    os.killpg(view["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while "stopped" != (state := program.read("endpoint", "show", "double")["state"]):
        assert time.monotonic() < deadline, state

    (outcome,) = program.read("up")

    assert ("ready", url) == (outcome["state"], outcome["url"])
    assert {"result": [[2.0] * 4]} == score(url, {"data": [[1, 1, 1, 1]]})


def test_keys_work_and_rotate_without_a_restart(program, model):
    printed = program.done("deploy", model, "--name", "guarded", "--require-keys")
    url = re.search(r"http://127\.0\.0\.1:\d+", printed)[0]
    line = re.search(r"^try it:\s+(curl .*)$", printed, re.MULTILINE)[1]
    old = program.read("endpoint", "keys", "guarded")
    assert old["primary"] not in printed

    new = program.read("endpoint", "keys", "guarded", "--rotate", "primary")

    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        score(url, {"data": [[1, 1, 1, 1]]})
    refused.value.close()
    assert (401, 200, 200) == (
        status(url, old["primary"]),
        status(url, new["primary"]),
        status(url, old["secondary"]),
    )
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    pasted = subprocess.run(["sh", "-c", f"{line} -sS"], capture_output=True, env={"PATH": path})
    assert b"result" in pasted.stdout, pasted
    program.done("endpoint", "delete", "guarded", "--yes")


def status(url: str, key: str) -> int:
    request = urllib.request.Request(
        f"{url}/score",
        b'{"data": [[1, 1, 1, 1]]}',
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_logs_are_printed_and_followed(program, url):
    last = program.done("logs", "double", "-n", "1")
    command = [PROGRAM, "logs", "double", "-f", "-n", "1", "--workspace", str(program.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        first = following.stdout.readline()
        log = program.root / "endpoints" / "double" / "logs" / "endpoint.log"
        with log.open("a") as file:
            file.write("a new line\n")
        second = following.stdout.readline()
        following.kill()

    assert (last, "a new line\n") == (first, second)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["deploy", "there-is-no.onnx"], 1, "there-is-no.onnx"),
        (["deploy", "models:/nobody/1"], 1, "nobody"),
        (["deploy", "x.onnx", "--port", "99999"], 2, "--port"),
        (["deploy", "x.onnx", "--traffic", "5", "--no-traffic"], 2, "exclude"),
        (["traffic", "double", "1=x"], 2, "REVISION=PERCENT"),
        (["traffic", "double", "1=50", "1=50"], 2, "twice"),
        (["traffic", "double", "1=50"], 1, "sum to 50"),
        (["rollback", "double", "--to", "99"], 1, "99"),
        (["endpoint", "show", "nobody"], 1, "nobody"),
        (["logs", "nobody"], 1, "nobody"),
        (["up", "nobody"], 1, "nobody"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_end_with_their_code_and_a_reason(program, deployed, words, code, text):
    result = program(*words)

    assert code == result.returncode
    assert text in result.stderr
    assert "Traceback" not in result.stderr


def test_doctor_finds_this_machine_fit(program, deployed):
    checks = {check["name"]: check for check in program.read("doctor")}

    assert "ok" == checks["onnxruntime"]["level"]
    assert "CPUExecutionProvider" in checks["onnxruntime"]["what"]
    assert "ok" == checks["endpoint double"]["level"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_workspace_that_cannot_be_written_is_named(tmp_path, model):
    root = tmp_path / "frozen"
    root.mkdir(mode=0o500)

    result = Program(root)("deploy", model)

    assert result.returncode in {1, 3}
    assert str(root) in result.stderr
    assert "Traceback" not in result.stderr


def test_memory_that_cannot_do_is_refused_also_for_a_first_load(program, model):
    refused = program("deploy", model, "--name", "small", "--memory", "10")

    assert 1 == refused.returncode
    assert "may use 10 MiB of memory" in refused.stderr
    assert "nothing was deployed" in refused.stderr
    assert "Deploy it with --memory 61 or more." in refused.stderr
    assert "small" not in program.done("endpoint", "list")
