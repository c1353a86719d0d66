"""The installed program from a script to an answering endpoint: the real data plane, a real environment without packages, no network."""

import json
import os
import pty
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from fake.models import save_scaling_model

PROGRAM = Path(sys.executable).with_name("onnxport")
SCORE = """\
import json
import os

from azureml.core.model import Model


def init():
    global model
    model = Model.get_model_path("labels")


def run(data):
    values = json.loads(data)["data"]
    with open(model) as file:
        return {"sum": sum(values), "labels": file.read(), "mode": os.environ.get("MODE")}
"""
ENV = "dependencies:\n  - pip:\n    - azureml-defaults\nvariables:\n  MODE: fast\n"


class Program:
    """`onnxport` on one workspace, without a package index."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder

    def __call__(self, *words: str | Path, typed: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [PROGRAM, *map(str, words), "--workspace", str(self.root)],
            capture_output=True,
            text=True,
            input=typed,
            timeout=100,
            cwd=self.folder,
            env={**os.environ, "NO_COLOR": "1", "UV_OFFLINE": "1"},
        )

    def done(self, *words: str | Path, **more: str) -> str:
        result = self(*words, **more)
        assert 0 == result.returncode, result.stdout + result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("my code ü") / "churn"
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "labels.txt").write_text("yes,no")
    (folder / "env.txt").write_text("# the standard library is enough\n")
    (folder / "request.json").write_text('{"data": [1, 2]}')
    save_scaling_model(folder / "double.onnx")
    program = Program(folder.parent / "my workspace", folder)
    yield program
    program("down")


SCRIPT = ("--script", "score.py", "--env", "env.txt", "--model", "labels.txt")


@pytest.fixture(scope="module")
def deployed(program):
    return program.done("deploy", *SCRIPT, "--sample", "request.json", "--name", "churn")


def test_the_printed_address_answers_as_the_script_says(program, deployed):
    url = re.search(r"http://127\.0\.0\.1:\d+", deployed)[0]
    request = urllib.request.Request(f"{url}/score", b'{"data": [3, 4]}')

    with urllib.request.urlopen(request, timeout=30) as answer:
        assert {"sum": 7, "labels": "yes,no", "mode": None} == json.load(answer)


def test_the_printed_curl_line_works_when_pasted(deployed):
    line = re.search(r"^try it:\s+(curl .*)$", deployed, re.MULTILINE)[1]

    answer = subprocess.run(["sh", "-c", f"{line} -sS"], capture_output=True, timeout=30)

    assert 3 == json.loads(answer.stdout)["sum"], answer.stderr


def test_endpoint_and_bundle_are_shown(program, deployed):
    assert "models:/labels/1" in program.done("endpoint", "show", "churn")
    shown = program.done("bundle", "show", "churn/1")

    for text in ("script", "score.py", "labels/1 (custom)", "environment/env.txt"):
        assert text in shown
    assert "is whole" in program.done("bundle", "verify", "churn")


def test_a_bundle_goes_through_a_file_and_is_deployed_elsewhere(program, deployed, tmp_path):
    archive = tmp_path / "b.tar.gz"
    program.done("bundle", "export", "churn", archive)
    other = Program(tmp_path / "other", tmp_path)

    imported = other("bundle", "import", archive)
    digest = imported.stdout.strip()

    assert json.loads(program.done("bundle", "show", "churn", "--json"))["digest"] == digest
    assert f"onnxport deploy --bundle {digest[:19]}" in imported.stderr
    assert "as it is" in other.done("deploy", "--bundle", digest[:19], "--dry-run")
    try:
        other.done("deploy", "--bundle", digest[:19], "--name", "there")
        answer = other.done("predict", "there", "-i", "-", typed='{"data": [6]}')
        assert 6 == json.loads(answer)["sum"]
    finally:
        other("down")


def test_predict_asks_the_script(program, deployed):
    answer = json.loads(program.done("predict", "churn", "-i", "-", typed='{"data": [5]}'))

    assert 5 == answer["sum"]


def test_predict_tells_that_the_script_failed(program, deployed):
    result = program("predict", "churn", "-i", "-", typed="{}")

    assert 1 == result.returncode
    assert "onnxport logs churn" in result.stderr


def test_scripts_and_models_take_turns_behind_one_endpoint(program, deployed):
    program.done("deploy", "double.onnx", "--name", "churn")
    assert b"result" in program.done("predict", "churn", "-i", "-", typed='{"data": [[1,1,1,1]]}').encode()  # fmt: skip
    for environment in (program.root / "environments").glob("[!.]*-py*"):
        subprocess.run(["rm", "-r", environment], check=True)

    result = program("rollback", "churn", "--to", "1")

    assert 0 == result.returncode, result.stderr
    assert "building the environment" in result.stderr
    assert 1 == json.loads(program.done("predict", "churn", "-i", "-", typed='{"data": [1]}'))["sum"]  # fmt: skip


def test_a_script_whose_init_raises_is_told_with_its_line(program, deployed):
    (program.folder / "bad.py").write_text(
        'def init():\n    raise RuntimeError("no weights")\n\n\ndef run(data): ...\n'
    )

    result = program("deploy", "--script", "bad.py", "--env", "env.txt", "--name", "bad")

    assert 1 == result.returncode
    assert 'bad.py", line 2, in init' in result.stderr
    assert "RuntimeError: no weights" in result.stderr
    assert "bad" not in program.done("endpoint", "list")


def test_variables_of_the_environment_file_reach_the_script(program):
    (program.folder / "vars.yml").write_text(ENV.replace("azureml-defaults", "azureml-core"))

    out = program.done(
        "script", "run", "score.py", "--env", "vars.yml", "--model", "labels.txt", "-i", "request.json"
    )  # fmt: skip

    assert {"sum": 3, "labels": "yes,no", "mode": "fast"} == json.loads(out.splitlines()[-1])


def test_a_failing_run_ends_with_the_scripts_traceback(program):
    result = program("script", "run", *SCRIPT[1:], "-i", "-", typed='{"data": ["x"]}')

    assert 1 == result.returncode
    assert re.search(r'score\.py", line 15, in run', result.stderr)
    assert "TypeError" in result.stderr


def test_a_debugger_in_the_script_has_the_terminal(program):
    (program.folder / "debugged.py").write_text(
        "def init(): ...\n\n\ndef run(data):\n    answer = 41\n    breakpoint()\n    return answer\n"
    )
    words = ["script", "run", "debugged.py", "--env", "env.txt", "-i", "request.json", "-q"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *words, "--workspace", str(program.root)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=program.folder,
        env={**os.environ, "UV_OFFLINE": "1", "NO_COLOR": "1"},
    ) as running:
        os.close(theirs)
        os.write(ours, b"answer = 42\ncontinue\n")
        out, err = running.communicate(timeout=100)
        os.close(ours)

    assert (0, b"42") == (running.returncode, out.splitlines()[-1].split()[-1]), err
    assert b"(Pdb)" in out


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["deploy"], 2, "MODEL"),
        (["deploy", "double.onnx", *SCRIPT], 2, "--model double.onnx"),
        (["deploy", "double.onnx", "--env", "env.txt"], 2, "--script"),
        (["deploy", "double.onnx", "--model", "x"], 2, "--model belongs"),
        (["deploy", "double.onnx", "--source-dir", "."], 2, "--source-dir belongs"),
        (["deploy", "double.onnx", "--workers", "2"], 1, "--workers"),
        (["deploy", *SCRIPT, "--runner", "inline"], 1, "--runner"),
        (["deploy", "--script", "score.py"], 1, "environment"),
        (["deploy", "--script", "no.py", "--env", "env.txt"], 1, "no.py"),
        (["deploy", *SCRIPT, "--model", "none.bin"], 1, "none.bin"),
        (["deploy", *SCRIPT, "--sample", "none.json"], 1, "none.json"),
        (["deploy", "--script", "score.py", "--env", "none.yml"], 1, "none.yml"),
        (["script", "run", "no.py", "--env", "env.txt"], 1, "no.py"),
        (["script", "run", "score.py"], 1, "environment"),
        (["bundle", "show", "nobody"], 1, "nobody"),
        (["deploy", "--bundle", "nobody"], 1, "nobody"),
        (["deploy", "double.onnx", "--bundle", "churn"], 2, "leave out MODEL"),
        (["deploy", *SCRIPT, "--bundle", "churn"], 2, "leave out MODEL"),
        (["deploy", "--bundle", "churn", "--env", "env.txt"], 2, "--env belongs"),
        (["deploy", "--bundle", "churn", "--trust"], 2, "--trust is for converting"),
        (["deploy", *SCRIPT, "--with", "torch==2.9"], 2, "--with is for converting"),
        (["deploy", "--bundle", "churn", "--sample", "request.json"], 2, "its own sample"),
        (["bundle", "import", "score.py"], 1, "cannot be imported"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_end_with_their_code_and_a_reason(program, words, code, text):
    result = program(*words)

    assert code == result.returncode
    assert text in result.stderr
    assert "Traceback" not in result.stderr
