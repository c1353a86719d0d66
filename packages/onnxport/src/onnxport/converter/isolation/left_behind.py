"""Reading what the child left in its folder. A hostile model may have written it: links, pipes, bombs and lies are refused, not followed.

The converter's own program writes plain files; arrays in archives without compression, so that none unpacks to more than it is.
"""

import io
import json
import os
import stat
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NoReturn

from onnxport.converter.inside.arrays import read_arrays
from onnxport.converter.interface import Case, Exported, Output
from onnxport.converter.isolation.errors import ChildUntrustworthy
from onnxport.converter.isolation.process import ChildLimits
from onnxport.domain.printable_text import printable

Answer = dict[str, Any] | str
"""Arrays by name, or why there are none."""

_LARGEST_RESULT = 64 << 20
_LONGEST_WORDS = 1000
_MOST_CASES = 1000
_WIDER: dict[type, tuple[type, ...]] = {float: (float, int)}
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
        if not self.has("result.json"):
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
                _words(result["gap"]),
            )
            entries = result["cases"][:_MOST_CASES]
            cases = tuple(self._case(number, entry) for number, entry in enumerate(entries))
            packages = {
                _words(name): _words(version) for name, version in result["packages"].items()
            }
        except (*_WRONG, zipfile.BadZipFile):
            self._refuse("an answer of another form")
        return exported, cases, packages

    def answers(
        self, result: Mapping[str, Any], outputs: Sequence[str], cases: int
    ) -> list[Answer]:
        """What the runtime gave for each of so many cases: arrays by the names of the outputs, or why it could not."""
        said = result.get("cases")
        if not isinstance(said, list) or len(said) != cases:
            self._refuse("answers to other cases")
        try:
            return [
                self.answer(number, outputs) if words is None else _words(words)
                for number, words in enumerate(said)
            ]
        except _WRONG:
            self._refuse("an answer of another form")

    def answer(self, number: int, outputs: Sequence[str]) -> dict[str, Any]:
        """The arrays that the runtime gave for a case."""
        try:
            return self._arrays(f"case-{number}-outputs.npz", list(outputs))
        except (*_WRONG, zipfile.BadZipFile):
            self._refuse("an answer of another form")

    def unusable(self, result: Mapping[str, Any]) -> str | None:
        """Why the runtime could not load the model; `None` where it could."""
        try:
            return _words(result["unusable"]) if "unusable" in result else None
        except _WRONG:
            self._refuse("an answer of another form")

    def has(self, name: str) -> bool:
        """Whether something of this name is there."""
        return os.path.lexists(self._folder / name)

    def _case(self, number: int, entry: Mapping[str, Any]) -> Case:
        sides = {
            side: self._arrays(f"case-{number}-{side}.npz", [_text(name) for name in entry[side]])
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
        body = io.BytesIO(self._read(name, self._largest))
        with zipfile.ZipFile(body) as archive:
            if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
                self._refuse("arrays that are packed")
        body.seek(0)
        return read_arrays(body, names)

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
    """An output of the fields that there are, each of the type that its default has; a field that is unknown is a `TypeError`."""
    output = Output(**{name: _plain(value) for name, value in entry.items()})
    for field in fields(Output):
        value = getattr(output, field.name)
        kind = str if field.default is MISSING else type(field.default)
        # Without a value of its own, `scores` may be text or several.
        allowed = (str, tuple, type(None)) if field.default is None else _WIDER.get(kind, (kind,))
        if not isinstance(value, allowed):
            raise TypeError
    return output


def _plain(value: Any) -> Any:
    """Values of a JSON document without names: lists as tuples."""
    if isinstance(value, list):
        return tuple(map(_plain, value))
    if value is not None and not isinstance(value, (str, int, float)):
        raise TypeError
    return value


def _words(value: Any) -> str:
    """Words for people, such that they cannot move a cursor."""
    return printable(_text(value))[:_LONGEST_WORDS]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
