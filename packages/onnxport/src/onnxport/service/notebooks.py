"""Running notebooks without a person, as the SDK offers it: `Workspace.notebooks`."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onnxport.environment.store import EnvironmentStore
from onnxport.mirror.hook import program as mirror_hook
from onnxport.notebook.document import Cell, Notebook, read_notebook
from onnxport.notebook.errors import KernelUnusable, NameInvalid, OutputUnusable
from onnxport.notebook.kernel import MISLEADING, RUNNER_PROGRAM, Kernel, ensure_kernel_folder
from onnxport.service.endpoint.revision_environments import workspace_environments
from onnxport.service.mirror import Mirror
from onnxport.service.notebook.environment import (
    AUTO,
    RUNNER,
    KernelEnvironment,
    build,
    kernel_environment,
)
from onnxport.service.notebook.kernels import check_kernel_name, install_kernel
from onnxport.service.notebook.outcome import CellFailure, NotebookOutcome
from onnxport.service.progress import NoProgress, Progress

_STOP_S = 15
_TITLE_CHARACTERS = 70


class Notebooks:
    """Runs notebooks.

    Args:
        root: the workspace's folder.
        environments: makes the environments; those of the workspace where none is given.
    """

    def __init__(self, root: Path, environments: EnvironmentStore | None = None) -> None:
        self._root = root
        self._environments = environments

    def run(
        self,
        notebook: str | Path,
        *,
        env: str | Path = AUTO,
        output: str | Path | None = None,
        values: Mapping[str, Any] | None = None,
        python: str | None = None,
        timeout_s: int | None = None,
        allow_errors: bool = False,
        progress: Progress | None = None,
    ) -> NotebookOutcome:
        """Run the cells of a notebook from the first to the last in its own folder, on a kernel that ends with this call.

        Args:
            notebook: the file.
            env: a conda or requirements file, or `auto`: what the cells import.
            output: where the finished notebook goes; `NAME.out.ipynb` beside the notebook by default. It is written after every cell.
            values: names that are there before the first cell; what JSON can say.
            python: the Python to run it, such as `3.11`.
            timeout_s: the longest that a cell may take.
            allow_errors: go on after a cell that fails.
            progress: told about every cell.

        Returns:
            What happened; a cell that raised is in its `failures`, and raised by nothing but `raise_if_failed`.

        Raises:
            NotebookUnreadable, NotebookFormatUnsupported, NotebookLanguageUnsupported: it cannot be run.
            NameInvalid: one of the names is none.
            OutputUnusable: the output cannot be written there.
            KernelUnusable: the kernel did not start, or the runner ended.
            OnnxportError: the environment cannot be made; see `onnxport.environment.errors`.
        """
        progress = progress or NoProgress()
        values = dict(values or {})
        for name in values:
            _check_name(name)
        read = read_notebook(notebook)
        target = _check_output(read.path, output)
        wanted = kernel_environment(env, python, read)
        kernel, runner = self._prepare(wanted, progress)
        request = {
            "notebook": read.document,
            "output": str(target),
            "folder": str(read.path.parent),
            "kernel": kernel.specification(variables=wanted.variables),
            "values": values,
            "timeout_s": timeout_s,
            "allow_errors": allow_errors,
        }
        with _runner(runner, request) as events:
            failures, ran = _follow(events, read, progress)
        return NotebookOutcome(read.path, target, len(read.cells), ran, tuple(failures))

    def install_kernel(
        self,
        name: str = "onnxport",
        *,
        env: str | Path = AUTO,
        python: str | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """Let Jupyter offer a kernel that does the same for a person: this workspace, its mirror, the azureml modules.

        Args:
            name: its name; one of ours with this name is replaced.
            env: a conda or requirements file, or `auto`: what notebooks about ONNX usually import.
            python: the Python to run it.
            progress: told what is built.

        Returns:
            The folder of the kernel specification.

        Raises:
            KernelNameInvalid, KernelNameTaken: it cannot have this name.
            OnnxportError: the environment cannot be made.
        """
        progress = progress or NoProgress()
        check_kernel_name(name)
        wanted = kernel_environment(env, python)
        for notice in wanted.notices:
            progress.notice(notice)
        with progress.step("environment") as step:
            kernel = self._kernel(wanted, progress)
            step.detail = str(kernel.interpreter.parents[1])
        return install_kernel(name, kernel.specification(name, wanted.variables))

    def _prepare(self, wanted: KernelEnvironment, progress: Progress) -> tuple[Kernel, Path]:
        for notice in wanted.notices:
            progress.notice(notice)
        with progress.step("environment") as step:
            kernel = self._kernel(wanted, progress)
            runner = build(self._store, RUNNER, progress.notice, None)
            step.detail = f"{wanted.specification.source_name}, {kernel.interpreter.parents[1]}"
        return kernel, runner

    def _kernel(self, wanted: KernelEnvironment, progress: Progress) -> Kernel:
        interpreter = wanted.build(self._store, progress.notice)
        hook = Path(mirror_hook.__file__)
        folder = ensure_kernel_folder(self._root / "notebooks", interpreter, hook)
        mirror = Mirror.of_workspace(self._root).folder
        return Kernel(interpreter, folder, self._root, mirror, hook, wanted.has_modules)

    @property
    def _store(self) -> EnvironmentStore:
        return self._environments or workspace_environments(self._root)


def _check_name(name: str) -> None:
    import keyword

    if not name.isidentifier() or keyword.iskeyword(name):
        raise NameInvalid(name)


def _check_output(notebook: Path, output: str | Path | None) -> Path:
    path = notebook.with_suffix(".out.ipynb") if output is None else Path(output).expanduser()
    path = path.absolute()
    if path.is_dir():
        raise OutputUnusable(path, "it is a folder")
    if not path.parent.is_dir():
        raise OutputUnusable(path, "its folder is not there")
    if path.exists() and path.samefile(notebook):
        raise OutputUnusable(path, "it is the notebook itself")
    if not os.access(path.parent, os.W_OK):
        raise OutputUnusable(path, "its folder cannot be written")
    return path


class _CellRaised(Exception):
    """Ends a step as failed; never seen outside."""

    def __init__(self, failure: CellFailure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def _follow(
    events: Iterator[dict[str, Any]], notebook: Notebook, progress: Progress
) -> tuple[list[CellFailure], int]:
    """The cells that failed and how many were run, from what the runner tells."""
    cells = {cell.place: cell for cell in notebook.cells}
    failures: list[CellFailure] = []
    ran = 0
    for event in events:
        if "lost" in event:
            raise KernelUnusable(event["lost"])
        if "begin" in event:
            ran += 1
            try:
                _follow_cell(cells[event["begin"]], len(cells), events, progress)
            except _CellRaised as raised:
                failures.append(raised.failure)
        if event.get("done"):
            return failures, ran
    raise KernelUnusable("the program that runs it ended")


def _follow_cell(
    cell: Cell, count: int, events: Iterator[dict[str, Any]], progress: Progress
) -> None:
    with progress.step(f"{cell.number}/{count}") as step:
        step.detail = cell.first_line[:_TITLE_CHARACTERS]
        event = next(events, None) or {"lost": "the program that runs it ended"}
        if "lost" in event:
            raise KernelUnusable(event["lost"])
        if error := event["error"]:
            raise _CellRaised(
                CellFailure(
                    cell.number,
                    cell.source,
                    error["name"],
                    error["text"],
                    tuple(error["traceback"]),
                )
            )


@contextmanager
def _runner(python: Path, request: Mapping[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
    """What the runner tells. It ends with this context: its input is closed, which it takes as the wish to stop."""
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    scratch = tempfile.mkdtemp(prefix="onnxport-kernel-")
    process = subprocess.Popen(
        [str(python), "-I", str(RUNNER_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C is ours: the runner is told, and writes what there is
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({**request, "scratch": scratch}).encode() + b"\n")
        process.stdin.flush()
        yield (json.loads(line) for line in process.stdout)
    except BrokenPipeError as error:
        raise KernelUnusable("the program that runs it ended at once") from error
    finally:
        process.stdout.close()
        with _closing_quietly():
            process.stdin.close()
        _wait(process)
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _closing_quietly() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        return


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
