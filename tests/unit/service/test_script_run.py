"""Running a script in the terminal: what the worker program is given. The program here only tells what it got."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest
from fake.environments import FakeEnvironments
from onnxport.bundle.verify import verify
from onnxport.service.sample.errors import InputUnreadable
from onnxport.service.scoring.errors import EnvironmentNeeded, ScriptIncomplete
from onnxport.service.script_run import Scripts, worker_program
from onnxport.workspace import Workspace

TELLS = """
import json, os, shutil, sys
told = sys.argv[1:]
bundle = told[told.index("--bundle") + 1]
root = os.environ["TOLD"]
shutil.copytree(bundle, root + "/" + os.path.basename(bundle))
document = {"argv": told, "prefix": os.environ.get("VIRTUAL_ENV"), "stdin": sys.stdin.read()}
document["parent"] = os.getppid()
with open(root + "/told.json", "w") as file:
    json.dump(document, file)
sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "score.py").write_text("def init(): ...\ndef run(data): return data\n")
    (folder / "req.txt").write_text("numpy\n")
    (folder / "w.bin").write_bytes(b"weights")
    (folder / "input.json").write_text("{}")
    (tmp_path / "told").mkdir()
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("VIRTUAL_ENV", "/nowhere")
    return folder


@pytest.fixture
def scripts(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(TELLS)
    workspace = Workspace.open(tmp_path / "ws")
    environments = FakeEnvironments(tmp_path / "environments")
    return Scripts(workspace.root, workspace.models, environments, program)


def told(folder: Path) -> dict:
    return json.loads((folder.parent / "told" / "told.json").read_bytes())


def test_the_program_gets_a_whole_bundle_and_a_place_of_its_own(scripts, folder):
    prepared = scripts.prepare(
        folder / "score.py", env=folder / "req.txt", models=[folder / "w.bin"]
    )

    assert 0 == prepared.run(folder / "input.json")

    argv = told(folder)["argv"]
    assert ["--foreground", "--bundle", "--app-root", "--input"] == argv[0:1] + argv[1::2]
    assert str(folder / "input.json") == argv[-1]
    (copy,) = (folder.parent / "told").glob("*/")
    bundle = verify(copy)
    assert ("script", ["w"]) == (bundle.manifest.kind, [m.name for m in bundle.manifest.models])
    assert not Path(argv[4]).parent.exists()


def test_nothing_is_registered(scripts, folder):
    scripts.prepare(folder / "score.py", env=folder / "req.txt", models=[folder / "w.bin"]).run()

    assert [] == scripts._sources.models.names()
    assert "--input" not in told(folder)["argv"]


def test_the_exit_code_is_the_programs_and_the_terminal_is_its_own(scripts, folder, monkeypatch):
    monkeypatch.setenv("CODE", "1")

    assert 1 == scripts.prepare(folder / "score.py", env=folder / "req.txt").run("-")

    assert ("-", None, os.getpid()) == (
        told(folder)["argv"][-1],
        told(folder)["prefix"],
        told(folder)["parent"],
    )


def test_an_interruption_is_left_to_the_program(scripts, folder):
    program = folder / "interrupted.py"
    program.write_text(
        "import os, signal\nos.kill(os.getppid(), signal.SIGINT)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    before = signal.getsignal(signal.SIGINT)
    prepared = scripts.prepare(folder / "score.py", env=folder / "req.txt")

    killed = type(prepared)(prepared.sources, (), prepared.scoring, prepared.interpreter, program)

    assert 128 + signal.SIGKILL == killed.run()
    assert before == signal.getsignal(signal.SIGINT)


def test_it_runs_in_any_thread(scripts, folder):
    prepared = scripts.prepare(folder / "score.py", env=folder / "req.txt")
    codes = []
    thread = threading.Thread(target=lambda: codes.append(prepared.run()))
    thread.start()
    thread.join()

    assert [0] == codes


def test_mistakes_are_told_before_anything_runs(scripts, folder):
    with pytest.raises(EnvironmentNeeded):
        scripts.prepare(folder / "score.py")
    with pytest.raises(InputUnreadable, match="no such file"):
        scripts.prepare(folder / "score.py", env=folder / "req.txt").run(folder / "none.json")
    (folder / "score.py").write_text("def init(): ...")
    with pytest.raises(ScriptIncomplete):
        scripts.prepare(folder / "score.py", env=folder / "req.txt")

    assert not (folder.parent / "told" / "told.json").exists()


def test_the_installed_data_plane_brings_the_program():
    assert worker_program().is_file()
