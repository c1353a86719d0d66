"""What can be wrong with scoring code and what is given with it, as people meet it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from onnxport.errors import PlatformError, UserError


class ScriptUnreadable(UserError):
    """A scoring script that is not there or cannot be read."""

    code = "script_unreadable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the script {path} cannot be read: {why}", "Check the path.")


class ScriptInvalid(UserError):
    """A scoring script that is not Python; the message has the file and the line."""

    code = "script_invalid"

    def __init__(self, path: Path, line: int | None, why: str) -> None:
        where = str(path) if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {why}", "Correct the script; nothing was deployed.")


class ScriptIncomplete(UserError):
    """A scoring script without init() or run()."""

    code = "script_incomplete"

    def __init__(self, path: Path, missing: Iterable[str]) -> None:
        names = " and ".join(f"{name}()" for name in missing)
        super().__init__(
            f"{path} does not define {names}",
            "Define init(), which is called once, and run(data), which is called for each request.",
        )


class ScriptOutsideSource(UserError):
    """A scoring script that the source folder does not hold, or leaves out."""

    code = "script_outside_source"

    def __init__(self, script: Path, folder: Path, why: str) -> None:
        super().__init__(
            f"the script {script} is not part of the source folder {folder}: {why}",
            "Name a script inside the folder, relative to where you are or to the folder.",
        )


class SourceFolderUnsuitable(UserError):
    """A source folder that cannot become part of a bundle."""

    code = "source_folder_unsuitable"

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"{str(path)!r} {why}", remedy)


class EnvironmentNeeded(UserError):
    """Scoring code without a file that says which packages it needs."""

    code = "environment_needed"

    def __init__(self, script: Path, beside: Sequence[Path]) -> None:
        if beside:
            remedy = "Use what lies beside the script: " + " or ".join(
                f"--env {path}" for path in beside
            )
        else:
            remedy = (
                "Write a file such as requirements.txt and name it with --env requirements.txt:\n"
                "  numpy\n  onnxruntime"
            )
        super().__init__(f"the environment of {script} is not known", remedy)


class ModelGivenTwice(UserError):
    """Two models of one deployment with the same name."""

    code = "model_given_twice"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"two models would be called {name!r}",
            "Name them apart: --model NAME=PATH. The script finds each by its name.",
        )


class WorkerProgramMissing(PlatformError):
    """The program that runs scoring code is not installed."""

    code = "worker_program_missing"

    def __init__(self) -> None:
        super().__init__(
            "the program that runs scoring code is not installed",
            "Install onnxport again: pip install --force-reinstall onnxport onnxport-serve",
        )


class ScoringFailed(UserError):
    """Scoring code that failed on an input, by its own account."""

    code = "scoring_failed"

    def __init__(self, name: str, message: str) -> None:
        super().__init__(
            f"the scoring code of endpoint '{name}' failed on this input: {message}",
            f"Read its traceback: onnxport logs {name}",
        )
