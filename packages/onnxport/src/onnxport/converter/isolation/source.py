"""What of the user's files the child may read: the model, what lies beside it under the same name, and their model class."""

import os
import re
from pathlib import Path

from onnxport.converter.interface import Job


def readable_for(job: Job) -> list[str]:
    """Files and folders, as absolute paths that exist."""
    found = [job.source.absolute(), *_companions(job.source.absolute())]
    if job.code is not None:
        found += _code(job.code.file.absolute())
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
    return [path.resolve() for path in folder.rglob("*") if path.is_symlink() and path.is_file()]


def _code(file: Path) -> list[Path]:
    """The folder of the user's model class; where that is a home directory, only what can be imported from it."""
    folder = file.parent
    if not Path.home().is_relative_to(folder):
        return [folder]
    packages = [path.parent for path in folder.glob("[!.]*/__init__.py")]
    return [file, *folder.glob("[!.]*.py"), *packages]
