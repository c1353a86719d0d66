"""What came of running a notebook."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxport.notebook.errors import NotebookFailed

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_MISSING_MODULE = re.compile(r"No module named '([\w.]+)'")


@dataclass(frozen=True, slots=True)
class CellFailure:
    """A cell that raised: its number among the code cells from 1, its source, the error's class, text and traceback."""

    number: int
    source: str
    error: str
    text: str
    traceback: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The traceback in lines without colours."""
        return _COLOURS.sub("", "\n".join(self.traceback)).splitlines()

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.error == "NameError" and (undefined := _UNDEFINED.search(self.text)):
            return (
                f"Where the notebook leaves this name to you, give it: --set {undefined[1]}=VALUE"
            )
        if self.error == "ModuleNotFoundError" and (missing := _MISSING_MODULE.search(self.text)):
            top = missing[1].partition(".")[0]
            if top in {"azureml", "onnxport"}:
                return "These modules need Python 3.11 or newer: leave --python out, or name a newer one."
            return f"Name the package that provides {top} in a file, and say --env FILE."
        if self.error == "StdinNotImplementedError":
            return "Nobody is there to answer input(): replace it by a name that is given with --set NAME=VALUE."
        if self.error == "CellTimeout":
            return "Give it more time with --timeout SECONDS."
        if "onnxport mirror add" in self.text:
            return "Do what the error says: get the file by other means and add it to the mirror."
        return "Correct the cell; the output notebook shows what there was until then."

    def to_json(self) -> dict[str, Any]:
        """The JSON form for programs."""
        return {
            "cell": self.number,
            "source": self.source,
            "error": self.error,
            "message": _COLOURS.sub("", self.text),
            "traceback": self.lines,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class NotebookOutcome:
    """What came of a notebook.

    Attributes:
        notebook: the file.
        output: the finished notebook, with what the cells printed and drew.
        cells: how many code cells there are.
        cells_run: how many of them were run.
        failures: those that raised.
    """

    notebook: Path
    output: Path
    cells: int
    cells_run: int
    failures: tuple[CellFailure, ...]

    def raise_if_failed(self) -> None:
        """Raise `NotebookFailed` where a cell raised."""
        if not self.failures:
            return
        first = self.failures[0]
        summary = f"{first.error}: {_COLOURS.sub('', first.text)[:300]}"
        numbers = [failure.number for failure in self.failures]
        raise NotebookFailed(self.notebook, numbers, summary, first.remedy)

    def to_json(self) -> dict[str, Any]:
        """The JSON form for programs."""
        return {
            "notebook": str(self.notebook),
            "output": str(self.output),
            "cells": self.cells,
            "cells_run": self.cells_run,
            "failures": [failure.to_json() for failure in self.failures],
        }
