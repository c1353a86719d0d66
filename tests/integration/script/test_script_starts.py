"""Scripts that cannot start, or not again: the reason is told with its line, and what ran before still runs."""

from pathlib import Path

import pytest
from fake.script_endpoint import ScriptEndpoint, script_endpoint

FINE = "def init(): pass\ndef run(data): return data\n"

NO_START = [
    ("def run(x): pass", "script_incomplete", "score.py defines no function init()"),
    ("def init(): pass\nrun = 3", "script_incomplete", "score.py defines no function run()"),
    ("def init(:", "import_failed", "SyntaxError"),
    ("import nothing_like_it\ndef init(): pass\ndef run(x): pass", "import_failed", "ModuleNotFoundError: No module named 'nothing_like_it' (line 1)"),
    ("def init():\n    helper()\ndef helper():\n    raise OSError('no such model')\ndef run(x): pass", "init_failed", "init() of score.py raised OSError: no such model (line 4)"),
    ("def init(): pass\ndef run(*args): pass", "run_signature", "*args"),
    ("def init(): pass\ndef run(): pass", "run_signature", "needs a parameter"),
    ("def init(): pass\nrun = dict", "run_signature", "no function whose parameters can be seen"),
    ("def init(): pass\ndef run(x): yield 1", "run_signature", "a generator"),
    ("from azureml.core import Workspace\ndef init(): pass\ndef run(x): pass", "import_failed", "azureml.core has Model and VERSION only, not Workspace"),
    ("def init(): pass\nasync def run(x): pass", "run_signature", "is 'async'"),
    ("import os\ndef init(): os._exit(5)\ndef run(x): pass", "worker_died", "with exit code 5 before init() had returned"),
    ("import sys\ndef init(): sys.exit(5)\ndef run(x): pass", "init_failed", "SystemExit: 5"),
    ("def init():\n    global x\n    x = bytearray(900 << 20)\n    import time; time.sleep(60)\ndef run(x): pass", "memory_limit", "more than the 200 MiB"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "code", "words"), NO_START, ids=[f"{n}-{one[1]}" for n, one in enumerate(NO_START)]
)
def test_a_script_that_cannot_start_is_refused_with_the_line(
    tmp_path: Path, source: str, code: str, words: str
) -> None:
    subject = ScriptEndpoint(tmp_path)
    subject.add_script(1, source, resources={"memory_mb": 200})
    try:
        subject.serve({1: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
    finally:
        subject.kill()

    error = status["error"]
    assert code == error["code"]
    assert words in error["message"]
    assert error["remedy"]
    assert [] == list((tmp_path / "work").glob("revision-*"))


def test_the_environment_must_be_there(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    subject.add_script(1, FINE, environment="nowhere")
    try:
        subject.serve({1: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
    finally:
        subject.kill()

    assert "environment_missing" == status["error"]["code"]


def test_a_sample_that_fails_is_refused_and_the_running_revision_stays(tmp_path: Path) -> None:
    with script_endpoint(tmp_path, FINE) as subject:
        subject.add_script(2, "def init(): pass\ndef run(data): raise ValueError\n", sample=b"{}")
        subject.serve({2: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
        reply = subject.score()

    assert "sample_refused" == status["error"]["code"]
    assert "1" == reply.headers["x-onnxport-revision"]


def test_a_changed_byte_of_the_script_is_found(tmp_path: Path) -> None:
    subject = ScriptEndpoint(tmp_path)
    subject.add_script(1, FINE)
    script = Path(subject.revisions[1]["bundle"]) / "code/score.py"
    script.write_text(FINE.replace("data", "date"))
    try:
        subject.serve({1: 100})
        status = subject.wait_for("a refusal", lambda status: status["error"])
    finally:
        subject.kill()

    assert "bundle_changed" == status["error"]["code"]
    assert "code/score.py" in status["error"]["message"]


def test_readiness_is_that_of_workers(tmp_path: Path) -> None:
    source = (
        "import os, sys\n"
        "def init():\n"
        "    if os.path.exists(os.environ['ONCE']): sys.exit(1)\n"
        "    open(os.environ['ONCE'], 'w').close()\n"
        "def run(x): os._exit(1)\n"
    )
    once = {"ONCE": str(tmp_path / "once")}
    with script_endpoint(tmp_path / "endpoint", source, variables=once) as subject:
        before = subject.score(b"", method="GET", path="/v2/health/ready").status
        subject.score()
        after = subject.score(b"", method="GET", path="/v2/health/ready")

    assert (200, 503) == (before, after.status)
    assert "no worker of revision 1" in after.json()["error"]
