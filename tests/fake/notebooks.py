"""Notebook files of a few cells."""

import json
from pathlib import Path
from typing import Any


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source, **more}  # fmt: skip


def save_notebook(path: Path, *sources: Any, **more: Any) -> Path:
    """A notebook of format 4.2, as Jupyter wrote it in 2018, for a kernel that is not here."""
    document = {
        "nbformat": 4,
        "nbformat_minor": 2,
        "metadata": {"kernelspec": {"name": "conda-env-old-py", "language": "python"}},
        "cells": [one if isinstance(one, dict) else code(one) for one in sources],
        **more,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def outputs_of(path: Path) -> list[list[dict[str, Any]]]:
    """The outputs of every cell of a finished notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell.get("outputs", []) for cell in cells]


def printed(path: Path) -> str:
    """What the cells of a finished notebook printed."""
    outputs = [output for cell in outputs_of(path) for output in cell]
    return "".join("".join(output.get("text", "")) for output in outputs).replace("\r", "")
