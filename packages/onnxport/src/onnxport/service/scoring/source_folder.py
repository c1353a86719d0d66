"""From a script, and perhaps the folder it belongs to, to the files of scoring code that a bundle holds."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from onnxport.bundle.interface import ScoringCode
from onnxport.service.scoring.errors import (
    ScriptOutsideSource,
    ScriptUnreadable,
    SourceFolderUnsuitable,
)
from onnxport.service.scoring.ignore_patterns import IgnorePatterns

MOST_FILES = 10_000
MOST_BYTES = 300_000_000
IGNORE_FILE = ".amlignore"
_LEFT_OUT = {".git", "__pycache__", ".venv", ".ipynb_checkpoints", ".DS_Store", IGNORE_FILE}
_VENV_MARK = "pyvenv.cfg"
_SMALLER = f"Leave files out with an {IGNORE_FILE} in the folder, and give models with --model."
_COPY = "Copy what it points to into the folder, for example with: cp -rL FOLDER COPY"


def read_code(script: Path, folder: Path | None, workspace: Path | None = None) -> ScoringCode:
    """Read a script, or the whole folder that it belongs to.

    Args:
        script: the entry script; with `folder` also relative to it.
        folder: the source folder, taken whole under its own name; left out are `.git`, `.venv`, `__pycache__`,
            `.ipynb_checkpoints`, compiled files, virtual environments and what an `.amlignore` names.
        workspace: a folder that is never taken: the workspace may lie inside the source folder.

    Raises:
        ScriptUnreadable, ScriptOutsideSource: the script is not there, or not in the folder.
        SourceFolderUnsuitable: the folder holds links that leave it, special files, or too much.
    """
    if folder is None:
        _check_name(script, script.name)
        return ScoringCode({script.name: _read_script(script)}, script.name, None)
    if not folder.is_dir():
        raise SourceFolderUnsuitable(folder, "is not a folder", "Check the path.")
    root = Path(os.path.abspath(folder))  # noqa: PTH100 - a link keeps its own name
    if not root.name:
        raise SourceFolderUnsuitable(folder, "has no name", "Name the folder of the code itself.")
    inside = _path_inside(script, folder)
    files = {f"{root.name}/{path}": body for path, body in _read_folder(root, workspace)}
    entry = f"{root.name}/{inside}"
    if entry not in files:
        raise ScriptOutsideSource(script, folder, f"it is left out (see {IGNORE_FILE})")
    return ScoringCode(files, entry, root.name)


def _path_inside(script: Path, folder: Path) -> str:
    """The script's path inside the folder, whether it is given from here or from the folder."""
    root = folder.resolve()
    for path in (script, folder / script):
        if path.is_file() and path.parent.resolve().is_relative_to(root):
            return (path.parent.resolve() / path.name).relative_to(root).as_posix()
    if not script.exists():
        raise ScriptUnreadable(script, "there is no such file")
    raise ScriptOutsideSource(script, folder, "it lies elsewhere")


def _read_script(script: Path) -> bytes:
    try:
        if not stat.S_ISREG(script.stat().st_mode):
            raise ScriptUnreadable(script, "it is not a file")
        return script.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ScriptUnreadable(script, "there is no such file") from None
    except (OSError, ValueError) as error:
        raise ScriptUnreadable(script, getattr(error, "strerror", None) or str(error)) from error


def _read_folder(root: Path, workspace: Path | None) -> Iterator[tuple[str, bytes]]:
    """Every file that is taken, by its path below the folder."""
    patterns, count, size = _patterns(root), 0, 0
    for path in _walk(root, root, patterns, workspace):
        name = path.relative_to(root).as_posix()
        _check_name(path, name)
        _check_inside(path, root)
        count, size = count + 1, size + path.stat().st_size
        if count > MOST_FILES or size > MOST_BYTES:
            limit = f"{MOST_FILES:,} files or {MOST_BYTES // 1_000_000} MB"
            raise SourceFolderUnsuitable(root, f"holds more than {limit}", _SMALLER)
        yield name, _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        raise SourceFolderUnsuitable(path, why, "Check its permissions.") from error


def _walk(
    folder: Path, root: Path, patterns: IgnorePatterns, workspace: Path | None
) -> Iterator[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        why = f"cannot be listed: {error.strerror}"
        raise SourceFolderUnsuitable(folder, why, "Check its permissions.") from error
    for path in paths:
        is_folder = path.is_dir()
        name = path.relative_to(root).as_posix()
        if _is_left_out(path.name) or patterns.leaves_out(name, is_folder=is_folder):
            continue
        if not is_folder:
            yield path
        elif path.is_symlink():
            raise SourceFolderUnsuitable(path, "is a link to a folder", _COPY)
        elif path != workspace and not (path / _VENV_MARK).is_file():
            yield from _walk(path, root, patterns, workspace)


def _is_left_out(name: str) -> bool:
    return name in _LEFT_OUT or name.endswith(".pyc")


def _check_inside(path: Path, root: Path) -> None:
    try:
        target = path.resolve(strict=True)
        is_plain = target.is_file()
    except (OSError, RuntimeError):
        raise SourceFolderUnsuitable(path, "is a link to nothing", "Remove it.") from None
    if not target.is_relative_to(root.resolve()):
        raise SourceFolderUnsuitable(path, "is a link out of the source folder", _COPY)
    if not is_plain:
        raise SourceFolderUnsuitable(path, "is not a plain file", f"Name it in {IGNORE_FILE}.")


def _check_name(path: Path, name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SourceFolderUnsuitable(path, "has a name that is not Unicode", "Rename it.") from None
    if "\\" in name:
        raise SourceFolderUnsuitable(path, "has a backslash in its name", "Rename it.")
    if "\n" in name or "\r" in name:
        raise SourceFolderUnsuitable(path, "has a line break in its name", "Rename it.")


def _patterns(root: Path) -> IgnorePatterns:
    try:
        text = (root / IGNORE_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return IgnorePatterns()
    return IgnorePatterns.of(text.splitlines())
