"""Reading a notebook file of format 4, within bounds, and leaving out what is not to be trusted in it.

The format: the page "The Notebook file format" of nbformat's documentation.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnxport.notebook.errors import (
    NotebookFormatUnsupported,
    NotebookLanguageUnsupported,
    NotebookUnreadable,
)

_MOST_BYTES = 100_000_000
_FORMAT = 4
_KINDS = ("code", "markdown", "raw")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell that holds something: its place among all cells from 0, its number among these from 1, its source."""

    place: int
    number: int
    source: str

    @property
    def first_line(self) -> str:
        """The first line that says something."""
        return next((line.strip() for line in self.source.splitlines() if line.strip()), "")


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook.

    Attributes:
        path: its file, absolute.
        cells: the code cells that hold something.
        document: the whole notebook in format 4.5, without outputs.
    """

    path: Path
    cells: tuple[Cell, ...]
    document: Mapping[str, Any] = field(repr=False)


def read_notebook(path: str | Path) -> Notebook:
    """Read a notebook.

    Raises:
        NotebookUnreadable: it is not there, too large, or no notebook; says what is wrong in it.
        NotebookFormatUnsupported: its format is not 4.
        NotebookLanguageUnsupported: it is not in Python.
    """
    path = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - links stay: files lie beside them
    stated = _load(path)
    if not isinstance(stated, dict) or not {"nbformat", "cells", "worksheets"} & stated.keys():
        raise NotebookUnreadable(path, "it is JSON, but no notebook")
    if stated.get("nbformat") != _FORMAT:
        raise NotebookFormatUnsupported(path, stated.get("nbformat", "unknown"))
    metadata = stated.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    _check_language(path, metadata)
    stated_cells = stated.get("cells")
    if not isinstance(stated_cells, list):
        raise NotebookUnreadable(path, "its cells are not a list")
    cells = [_cell(path, place, cell) for place, cell in enumerate(stated_cells)]
    document = {
        "nbformat": _FORMAT,
        "nbformat_minor": 5,
        "metadata": {**metadata, "kernelspec": _KERNEL},
        "cells": cells,
    }
    return Notebook(path, _code_cells(cells), document)


def _load(path: Path) -> object:
    if path.exists() and not path.is_file():
        raise NotebookUnreadable(path, "it is not a file")
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise NotebookUnreadable(path, reason) from error
    if len(content) > _MOST_BYTES:
        raise NotebookUnreadable(path, f"it is larger than {_MOST_BYTES // 10**6} MB")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotebookUnreadable(path, "it is not JSON") from error


def _check_language(path: Path, metadata: Mapping[str, Any]) -> None:
    for key, field_name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key)
        language = part.get(field_name) if isinstance(part, dict) else None
        if isinstance(language, str) and not language.lower().startswith(("python", "ipython")):
            raise NotebookLanguageUnsupported(path, language)


def _cell(path: Path, place: int, stated: object) -> dict[str, Any]:
    where = f"its cell {place + 1}"
    if not isinstance(stated, dict):
        raise NotebookUnreadable(path, f"{where} is not an object")
    kind, source, metadata = (stated.get(key) for key in ("cell_type", "source", "metadata"))
    if kind not in _KINDS:
        raise NotebookUnreadable(path, f"{where} is neither code, markdown nor raw")
    lines = [source] if isinstance(source, str) else source
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise NotebookUnreadable(path, f"the source of {where} is not text")
    text = "".join(lines)
    if _HALF_CHARACTER.search(text):
        raise NotebookUnreadable(
            path, f"the source of {where} holds half a character (\\ud800 to \\udfff)"
        )
    cell: dict[str, Any] = {
        "id": f"cell-{place + 1}",
        "cell_type": kind,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "source": text,
    }
    if kind == "code":
        return {**cell, "outputs": [], "execution_count": None}
    attachments = stated.get("attachments")
    return {**cell, "attachments": attachments} if isinstance(attachments, dict) else cell


def _code_cells(cells: list[dict[str, Any]]) -> tuple[Cell, ...]:
    code = [
        (place, cell["source"])
        for place, cell in enumerate(cells)
        if cell["cell_type"] == "code" and cell["source"].strip()
    ]
    return tuple(Cell(place, number, source) for number, (place, source) in enumerate(code, 1))
