"""Reading what the child left in its folder. A hostile model may have written it: links, pipes, bombs and lies are refused, not followed.

The converter's own program writes plain files; arrays in archives without compression, so that none unpacks to more than it is.
"""

import json
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from onnxport.converter.interface import Case, Exported, Output
from onnxport.converter.isolation.errors import ChildUntrustworthy
from onnxport.converter.isolation.process import ChildLimits
from onnxport.domain.printable_text import printable

_LARGEST_RESULT = 64 << 20
_LONGEST_WORDS = 1000
_MOST_CASES = 1000
_WRONG = (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError, EOFError)


class LeftBehind:
    """What is in the folder of a job after its process ended. Every method raises `ChildUntrustworthy`.

    Args:
        folder: the job's.
        source: the model, for messages.
        limits: nothing that is read is larger than the memory that the child might use.
    """

    def __init__(self, folder: Path, source: Path, limits: ChildLimits) -> None:
        self._folder = folder
        self._source = source
        self._largest = limits.memory_bytes

    def result(self) -> dict[str, Any] | None:
        """The child's answer; `None` where it left none, or half of one."""
        if not os.path.lexists(self._folder / "result.json"):
            return None
        try:
            result = json.loads(self._read("result.json", _LARGEST_RESULT))
        except (ValueError, RecursionError):
            self._refuse("an answer that is no JSON")
        if not isinstance(result, dict):
            self._refuse("an answer of another form")
        return result

    def error(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """What went wrong: `stage`, `message`, `remedy`, `refused`."""
        told = result["error"]
        try:
            words = {name: _words(told[name]) for name in ("stage", "message", "remedy")}
        except _WRONG:
            self._refuse("an answer of another form")
        return {**words, "refused": told.get("refused") is True}

    def converted(
        self, result: Mapping[str, Any]
    ) -> tuple[Exported, tuple[Case, ...], dict[str, str]]:
        """The export, the cases, and the packages that the child ran with."""
        try:
            exported = Exported(
                self._read("model.onnx", self._largest),
                tuple(_output(entry) for entry in result["outputs"]),
                _words(result["framework_version"]),
                tuple(_words(remark) for remark in result["remarks"]),
                tuple(_text(name) for name in result["inputs"]),
            )
            entries = result["cases"][:_MOST_CASES]
            cases = tuple(self._case(number, entry) for number, entry in enumerate(entries))
            packages = {
                _words(name): _words(version) for name, version in result["packages"].items()
            }
        except (*_WRONG, zipfile.BadZipFile):
            self._refuse("an answer of another form")
        return exported, cases, packages

    def _case(self, number: int, entry: Mapping[str, Any]) -> Case:
        sides = {
            side: self._arrays(f"case-{number}-{side}.npz", entry[side])
            for side in ("inputs", "expected")
        }
        return Case(
            _words(entry["origin"]),
            sides["inputs"],
            sides["expected"],
            entry["batched"] is True,
            entry["optional"] is True,
        )

    def _arrays(self, name: str, names: list[str]) -> dict[str, Any]:
        import io

        import numpy as np

        body = io.BytesIO(self._read(name, self._largest))
        with zipfile.ZipFile(body) as archive:
            if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
                self._refuse("arrays that are packed")
        body.seek(0)
        with np.load(body, allow_pickle=False) as arrays:
            return {_text(name): arrays[f"a{index}"] for index, name in enumerate(names)}

    def _read(self, name: str, largest: int) -> bytes:
        """The content of a plain file; anything else of this name is not even waited for."""
        try:
            opened = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            self._refuse(f"no file {name}")
        try:
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                self._refuse(f"a {name} that is no file of its own")
            if status.st_size > largest:
                self._refuse(f"a {name} of {status.st_size >> 20} MiB")
            with os.fdopen(opened, "rb", closefd=False) as file:
                return file.read(largest)
        finally:
            os.close(opened)

    def _refuse(self, what: str) -> NoReturn:
        raise ChildUntrustworthy(self._source, what)


def _output(entry: Mapping[str, Any]) -> Output:
    return Output(
        _text(entry["name"]),
        _text(entry["role"]),
        float(entry["absolute"]),
        float(entry["relative"]),
        _score_names(entry["scores"]),
        tuple(map(_labels, entry["labels"])),
        float(entry["step"]),
    )


def _score_names(value: Any) -> str | tuple[str, ...] | None:
    if isinstance(value, list):
        return tuple(map(_text, value))
    return None if value is None else _text(value)


def _labels(value: Any) -> Any:
    """A label, or the labels of one column of several."""
    if isinstance(value, list):
        return tuple(_labels(label) for label in value if not isinstance(label, list))
    if not isinstance(value, (str, int, float)):
        raise TypeError
    return value


def _words(value: Any) -> str:
    """Words for people, such that they cannot move a cursor."""
    return printable(_text(value))[:_LONGEST_WORDS]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
