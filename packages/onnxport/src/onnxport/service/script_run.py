"""Running a script once in the terminal, as the SDK offers it: `Workspace.scripts`.

It runs as an endpoint would run it: the same layout, interpreter, packages and variables.
Nothing is registered and nothing deployed. The program of the data plane's workers does the work; it is found, not imported.
"""

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from onnxport.bundle.build import build_bundle
from onnxport.bundle.interface import Scoring
from onnxport.environment.store import EnvironmentStore
from onnxport.service.endpoint.revision_environments import workspace_environments
from onnxport.service.model.chosen import DeploySources, StandIns
from onnxport.service.model.models import Models
from onnxport.service.progress import NoProgress, Progress
from onnxport.service.sample.errors import InputUnreadable
from onnxport.service.sample.input_file import STANDARD_INPUT
from onnxport.service.scoring.environment import EnvironmentFile, locked_environment
from onnxport.service.scoring.errors import WorkerProgramMissing
from onnxport.service.scoring.models import FoundModel, find_models
from onnxport.service.scoring.source import ScoringSource, read_scoring_code


class Scripts:
    """Prepares scripts to be run in a terminal.

    Args:
        root: the workspace's folder.
        models: the registered models.
        environments: makes the environments; those of the workspace where none is given.
        program: the worker program; that of the installed data plane where none is given.
    """

    def __init__(
        self,
        root: Path,
        models: Models,
        environments: EnvironmentStore | None = None,
        program: Path | None = None,
    ) -> None:
        self._root = root
        self._sources = DeploySources(models)
        self._environments = environments
        self._program = program

    def prepare(
        self,
        script: str | Path,
        *,
        env: str | Path | None = None,
        models: Sequence[str | Path] = (),
        source_dir: str | Path | None = None,
        python: str | None = None,
        progress: Progress | None = None,
    ) -> "PreparedScript":
        """Look at the script and its models, and build its environment; the arguments are those of `Endpoints.deploy_script`.

        Raises:
            OnnxportError: the script, a model or the environment cannot be used.
        """
        progress = progress or NoProgress()
        program = self._program or worker_program()
        source = ScoringSource.of(script, env, models, source_dir, python)
        store = self._environments or workspace_environments(self._root)
        with progress.step("inspect") as step:
            file = EnvironmentFile.read(source, store.conda_names)
            code = read_scoring_code(source, file.python, self._root)
            found = find_models(self._sources, source.models)
            step.detail = f"{code.entry_script}, {file.summary}"
        for notice in file.notices:
            progress.notice(notice)
        with progress.step("environment") as step:

            def say(text: str) -> None:
                step.detail = text
                progress.notice(text)

            environment, place = locked_environment(store, file, say)
            step.detail = f"Python {environment.python}, {place}"
        interpreter = place / "bin" / "python"
        scoring = Scoring(code, environment)
        return PreparedScript(self._sources, tuple(found), scoring, interpreter, program)


@dataclass(frozen=True, slots=True)
class PreparedScript:
    """A script with its models and the interpreter of its environment, ready to run."""

    sources: DeploySources
    models: tuple[FoundModel, ...]
    scoring: Scoring
    interpreter: Path
    program: Path

    def run(self, sample: str | Path | None = None) -> int:
        """`init()`, and one `run()` where an input is given, with this terminal's input and output.

        Args:
            sample: a file whose bytes `run` gets as they are; `-` reads standard input.

        Returns:
            The exit code of the program: 1 where the script raised; its traceback is on standard error.

        Raises:
            InputUnreadable: there is no such file.
        """
        path = None if sample is None else Path(sample).expanduser()
        if path is not None and path != STANDARD_INPUT and not path.is_file():
            raise InputUnreadable(path, "there is no such file")
        with tempfile.TemporaryDirectory(prefix="onnxport-script-") as folder:
            stand_ins = StandIns(self.sources)
            versions = [one.known or stand_ins.version_of(one.model) for one in self.models]
            bundle = build_bundle(Path(folder), versions, stand_ins.place, None, self.scoring)
            command = [str(self.interpreter), str(self.program), "--foreground"]
            command += ["--bundle", str(bundle.directory), "--app-root", str(Path(folder) / "app")]
            if path is not None:
                command += ["--input", str(path if path == STANDARD_INPUT else path.absolute())]
            return _run_attached(command)


def worker_program() -> Path:
    """The program that runs scoring code; raises `WorkerProgramMissing`."""
    found = find_spec("onnxport_serve")
    for folder in found.submodule_search_locations or () if found else ():
        program = Path(folder) / "worker" / "program.py"
        if program.is_file():
            return program
    raise WorkerProgramMissing


def _run_attached(command: Sequence[str]) -> int:
    """Run a program as if it had been typed: same terminal, signals are its own."""
    with _signals_left_to_the_program():
        done = subprocess.run(command, env=_environment(), check=False)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def _environment() -> dict[str, str]:
    """The person's own variables; those that lead to the interpreter of onnxport would mislead another one."""
    misleading = {"VIRTUAL_ENV", "PYTHONHOME", "__PYVENV_LAUNCHER__"}
    return {name: value for name, value in os.environ.items() if name not in misleading}


@contextmanager
def _signals_left_to_the_program() -> Iterator[None]:
    """Ctrl-C and its like reach the program from the terminal; this process waits for what it makes of them."""
    in_main = threading.current_thread() is threading.main_thread()
    kinds = (signal.SIGINT, signal.SIGQUIT) if in_main else ()
    before = [signal.signal(kind, lambda *_: None) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
