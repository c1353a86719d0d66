"""What a person gives to deploy or run scoring code."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxport.bundle.interface import ScoringCode
from onnxport.service.scoring.script import check_script
from onnxport.service.scoring.source_folder import read_code


@dataclass(frozen=True, slots=True)
class ScoringSource:
    """A script, its environment file, its models as they were written, its source folder, and a Python version to use."""

    script: Path
    environment: Path | None = None
    models: tuple[str | Path, ...] = ()
    source_dir: Path | None = None
    python: str | None = None

    @classmethod
    def of(
        cls,
        script: str | Path,
        environment: str | Path | None,
        models: Sequence[str | Path],
        source_dir: str | Path | None,
        python: str | None,
    ) -> "ScoringSource":
        """From what callers write."""
        return cls(
            Path(script),
            None if environment is None else Path(environment),
            tuple(models),
            None if source_dir is None else Path(source_dir),
            python,
        )


def read_scoring_code(source: ScoringSource, python: str | None, workspace: Path) -> ScoringCode:
    """The files of the code, once the entry script was looked at.

    Args:
        source: what was given.
        python: the version that will run it, where that is known.
        workspace: a folder that never belongs to the code.

    Raises:
        ScriptUnreadable, ScriptInvalid, ScriptIncomplete, ScriptOutsideSource, SourceFolderUnsuitable: with the place and the reason.
    """
    script = source.script.expanduser()
    folder = None if source.source_dir is None else source.source_dir.expanduser()
    code = read_code(script, folder, workspace)
    check_script(script, code.files[code.entry_script], python)
    return code
