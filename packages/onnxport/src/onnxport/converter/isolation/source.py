"""The model as a file or folder of the user's: whether it is one that can be read to its end, and what belongs to it.

What belongs to it is what the child may read of the user's files: the model, what lies beside it under the same name, their model class.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from onnxport.converter.interface import Job

_MOST_ENTRIES = 100_000


def file_named(given: Path) -> Path:
    """The file that a person means: TensorFlow names a checkpoint by what its files' names begin with, where there may be no such file."""
    if given.exists():
        return given
    parts = (given.with_name(f"{given.name}{end}") for end in (".meta", ".index") if given.name)
    return next((part for part in parts if part.is_file()), given)


def why_unreadable(source: Path) -> str | None:
    """Why a model cannot be read, or must not be: it is not there, waits for ever, or leads to other people's files; else `None`."""
    try:
        mode = source.stat().st_mode
        if stat.S_ISREG(mode):
            return None
        if not stat.S_ISDIR(mode):
            return "it is neither a file nor a folder"
        return next(_objections(source), None)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        return "there is no such file or folder" if missing else error.strerror or str(error)


def _objections(folder: Path) -> Iterator[str]:
    """What keeps a folder from being a model: something to wait for, a link to elsewhere, too much."""
    real = folder.resolve()
    for number, path in enumerate(_entries_below(folder)):
        name = path.relative_to(folder)
        if number >= _MOST_ENTRIES:
            yield f"it holds more than {_MOST_ENTRIES} files"
        elif path.is_symlink() and not _is_own(Path(os.path.realpath(path)), real):
            yield f"{name} in it is a link to elsewhere; copy the folder with what its links lead to (cp -rL)"
        elif not (path.is_file() or path.is_dir()):
            yield f"{name} in it is neither a file nor a folder"


def _is_own(target: Path, folder: Path) -> bool:
    """Whether a link stays in its folder, or leads to the contents that a cache of models keeps beside: `snapshots/X/` and `blobs/`."""
    if target.is_relative_to(folder):
        return True
    return folder.parent.name == "snapshots" and target.parent == folder.parents[1] / "blobs"


def _entries_below(folder: Path) -> Iterator[Path]:
    """All entries of a folder and of its folders, without following links."""
    waiting = [folder]
    while waiting:
        for entry in sorted(waiting.pop().iterdir()):
            yield entry
            if entry.is_dir() and not entry.is_symlink():
                waiting.append(entry)


def place_of(path: Path) -> Path:
    """The absolute path of a file or folder without `..`, which leads nowhere in the sandbox. A link keeps its own name."""
    named = path.absolute()
    return named.resolve() if named.name == ".." else named.parent.resolve() / named.name


def readable_for(job: Job) -> list[str]:
    """Files and folders, as absolute paths that exist."""
    source = place_of(job.source)
    found = [source, *_companions(source)]
    if job.code is not None:
        found += _code(place_of(job.code.file))
    return [os.fspath(path) for path in found if path.exists()]


def _companions(source: Path) -> list[Path]:
    """Files beside a model whose names begin as its does: `net-symbol.json` goes with `net-0000.params`, `model.meta` with `model.index`.

    Not the whole folder: models lie in home directories too, beside everything that a person has.
    """
    if source.is_dir():
        return _linked_files(source)
    begin = re.split(r"[-.]", source.name)[0]
    if not begin:
        return []
    try:
        beside = [path for path in source.parent.iterdir() if path.name.startswith(begin)]
    except OSError:
        return []
    return [path for path in beside if path.is_file()]


def _linked_files(folder: Path) -> list[Path]:
    """Where the links in a folder lead: caches of models keep the content of their files beside."""
    return [Path(os.path.realpath(path)) for path in _entries_below(folder) if path.is_symlink()]


def _code(file: Path) -> list[Path]:
    """The folder of the user's model class; where that is a home directory, only what can be imported from it."""
    folder = file.parent
    if not Path.home().is_relative_to(folder):
        return [folder]
    packages = [path.parent for path in folder.glob("[!.]*/__init__.py")]
    return [file, *folder.glob("[!.]*.py"), *packages]
