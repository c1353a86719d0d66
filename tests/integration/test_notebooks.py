"""Notebooks that run: real kernels in one environment that all tests share."""

import base64
import io
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake.lifecycle import is_alive, until
from fake.notebooks import code, outputs_of, printed, save_notebook
from onnxport.environment.store import EnvironmentStore
from onnxport.errors import UserError
from onnxport.notebook.errors import KernelUnusable, NotebookFailed
from onnxport.service.mirror import Mirror
from onnxport.service.notebook.outcome import NotebookOutcome
from onnxport.service.notebooks import Notebooks
from onnxport.service.workspace import open_location
from PIL import Image

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("notebooks"), pytest.mark.timeout(300)]
URL = "https://nowhere.invalid/mnist.tar.gz?raw=true"


@dataclass(frozen=True)
class Desk:
    """Runs notebooks in a folder of the test, in the environment of all."""

    folder: Path
    environments: EnvironmentStore
    env: Path

    @property
    def root(self) -> Path:
        return self.folder / "workspace"

    def run(self, *sources: object, **options: object) -> NotebookOutcome:
        path = save_notebook(self.folder / "a.ipynb", *sources)
        open_location(self.root)
        return Notebooks(self.root, self.environments).run(path, env=self.env, **options)  # type: ignore[arg-type]

    @property
    def output(self) -> Path:
        return self.folder / "a.out.ipynb"

    def start(self, *sources: object) -> "subprocess.Popen[bytes]":
        """The command itself, as a person starts it."""
        path = save_notebook(self.folder / "a.ipynb", *sources)
        open_location(self.root)
        (self.root / "environments").symlink_to(self.environments.folder)
        command = [sys.executable, "-m", "onnxport", "notebook", "run", str(path)]
        command += ["--env", str(self.env), "--workspace", str(self.root)]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[EnvironmentStore, Path]:
    folder = tmp_path_factory.mktemp("notebooks")
    file = folder / "requirements.txt"
    file.write_text("matplotlib\nnumpy\nrequests\n")
    return EnvironmentStore(folder / "environments"), file


@pytest.fixture
def desk(
    shared: tuple[EnvironmentStore, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.delenv("ONNXPORT_MIRROR", raising=False)
    return Desk(tmp_path, *shared)


def test_what_cells_print_and_draw_is_kept(desk: Desk) -> None:
    outcome = desk.run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt",
        "print('hello')\n6 * 7",
        "plt.figure(figsize=(2, 2), facecolor='red')\nplt.plot([1, 2])\nplt.show()",
        "from IPython.display import Image\nImage(url='http://nowhere.invalid/picture.jpg')",
    )
    outputs = outputs_of(outcome.output)

    assert (4, 4, ()) == (outcome.cells, outcome.cells_run, outcome.failures)
    assert ["42"] == outputs[1][1]["data"]["text/plain"]
    picture = Image.open(io.BytesIO(base64.b64decode("".join(outputs[2][0]["data"]["image/png"]))))
    assert (255, 0, 0) == picture.convert("RGB").getpixel((1, 1))
    assert "picture.jpg" in str(outputs[3])


def test_a_cell_runs_beside_the_notebook_with_onnxports_modules(desk: Desk) -> None:
    desk.run(
        "import azureml, onnxport, onnxport_serve",
        "import os\nprint(os.getcwd())",
        "from onnxport import Workspace\nprint(Workspace.open().root)",
        "%%writefile score.py\nimport json",
        "%%time\nx = 1",
        "import shutil\nprint(shutil.which('wget'))",
    )

    lines = printed(desk.output)
    assert f"{desk.folder}\n{desk.root}\nWriting score.py\n" in lines
    assert "Wall time" in lines
    assert f"{desk.root}/notebooks/" in lines
    assert "import json\n" == (desk.folder / "score.py").read_text()


def test_downloads_come_from_the_mirror(desk: Desk) -> None:
    archive = desk.folder / "source.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.addfile(tarfile.TarInfo("mnist/model.onnx"))
    size = archive.stat().st_size
    open_location(desk.root)
    Mirror(desk.root / "mirror").add(URL, archive)
    outcome = desk.run(
        f"import urllib.request\nurllib.request.urlretrieve('{URL}', filename='m.tar.gz')",
        "!tar xvzf m.tar.gz",
        f"!wget -q '{URL}' -O w.tar.gz\n!curl -sL '{URL}' -o c.tar.gz",
        f"import requests\nprint(len(requests.get('{URL}').content))",
        f"import sys\n!{{sys.executable}} -c \"import urllib.request as u; print(len(u.urlopen('{URL}').read()))\"",
        "print(requests.get(f'{1}'.join(['http://127.0.0.', ':9/x'])))",
    )

    assert (desk.folder / "mnist" / "model.onnx").exists()
    assert archive.read_bytes() == (desk.folder / "w.tar.gz").read_bytes()
    assert archive.read_bytes() == (desk.folder / "c.tar.gz").read_bytes()
    assert 2 == printed(desk.output).splitlines().count(str(size))
    assert ["ConnectionError"] == [failure.error for failure in outcome.failures]


def test_a_failing_cell_ends_the_run_and_is_told(desk: Desk) -> None:
    outcome = desk.run("x = 1", "1 / 0", "print('later')")

    [failure] = outcome.failures
    assert (2, "1 / 0", "ZeroDivisionError") == (failure.number, failure.source, failure.error)
    assert "ZeroDivisionError: division by zero" == failure.lines[-1]
    assert 2 == outcome.cells_run
    assert "later" not in printed(outcome.output)
    assert "error" == outputs_of(outcome.output)[1][0]["output_type"]
    with pytest.raises(NotebookFailed, match=r"cell 2 of .* failed: ZeroDivisionError"):
        outcome.raise_if_failed()


def test_cells_after_a_failing_one_are_run_if_errors_are_allowed(desk: Desk) -> None:
    outcome = desk.run(
        "img = your_test_image",
        "input('who? ')",
        "import not_there",
        code("1 / 0", metadata={"tags": ["raises-exception"]}),
        "print('deleted')",
        allow_errors=True,
    )
    remedies = [failure.remedy for failure in outcome.failures]

    assert [1, 2, 3] == [failure.number for failure in outcome.failures]
    assert "--set your_test_image=VALUE" in remedies[0]
    assert "input()" in remedies[1]
    assert "provides not_there" in remedies[2]
    assert "deleted\n" == printed(outcome.output)


def test_names_are_given(desk: Desk) -> None:
    desk.run(
        "print(your_test_image, numbers[1])", values={"your_test_image": "a'b", "numbers": [1, 2]}
    )

    assert "a'b 2\n" == printed(desk.output)


def test_a_cell_that_takes_too_long_is_interrupted(desk: Desk) -> None:
    outcome = desk.run(
        "import time\ntime.sleep(600)", "print('on')", timeout_s=2, allow_errors=True
    )

    assert ["CellTimeout"] == [failure.error for failure in outcome.failures]
    assert "on\n" == printed(outcome.output)


def test_a_kernel_that_dies_is_told(desk: Desk) -> None:
    outcome = desk.run(
        "print('before')", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "1"
    )

    assert [(2, "DeadKernel")] == [(one.number, one.error) for one in outcome.failures]
    assert "before\n" == printed(outcome.output)


def test_a_kernel_that_does_not_start_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('no kernel today')")

    with pytest.raises(KernelUnusable):
        desk.run("1")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running_whatever_ends_the_command(desk: Desk, kind: int) -> None:
    desk.run("'the environment is there'")
    command = desk.start(
        "import os, subprocess\nchild = subprocess.Popen(['sleep', '600'])",
        "open('pids', 'w').write(f'{os.getpid()} {os.getppid()} {child.pid} .')",
        "import time\ntime.sleep(600)",
    )
    pids = desk.folder / "pids"
    until(lambda: pids.exists() and pids.read_text().endswith("."), "the last cell", 60)
    running = [int(pid) for pid in pids.read_text().split()[:3]]
    command.send_signal(kind)
    code = command.wait(60)

    until(lambda: not is_alive(running), "the end of all processes")
    assert (130 if kind == signal.SIGINT else -kind) == code
    assert 3 == len(outputs_of(desk.output))


def test_a_runner_that_is_killed_takes_the_kernel_along(desk: Desk) -> None:
    code = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(600)"

    with pytest.raises(KernelUnusable):
        desk.run("open('pid', 'w').write(str(__import__('os').getpid()))", code)
    until(lambda: not is_alive([int((desk.folder / "pid").read_text())]), "the end of the kernel")


def test_the_persons_own_settings_do_not_reach_the_kernel(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("MINE", "stays")
    desk.run(
        "import os, sys\nprint(os.environ['MPLBACKEND'], '/elsewhere' in sys.path, os.environ['MINE'])"
    )

    assert "module://matplotlib_inline.backend_inline False stays\n" == printed(desk.output)


def test_the_output_can_be_elsewhere(desk: Desk) -> None:
    outcome = desk.run("1", output=desk.folder / "done.ipynb")

    assert desk.folder / "done.ipynb" == outcome.output
    assert not desk.output.exists()
    with pytest.raises(UserError):
        desk.run("1", output=desk.folder / "missing" / "a.ipynb")
