"""Reading one JSON object field by field, with a message that says where, what is wrong and what would be right."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

_Value = TypeVar("_Value")
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNWANTED = re.compile("[\\x00-\\x1f\\x7f\\ud800-\\udfff]")
_SHOWN = 60
_LARGEST_DOCUMENT = 16 * 1024 * 1024


class DocumentError(Exception):
    """A shared document cannot be used.

    Args:
        document: the file's name, `endpoint.json` or `bundle.json`.
        path: the field, as in `revisions[0].settings.runner`; empty for the whole document.
        problem: what is wrong with it and what would be right.
    """

    code = "invalid_document"

    def __init__(self, document: str, path: str, problem: str) -> None:
        super().__init__(": ".join(part for part in (document, path, problem) if part))
        self.document = document
        self.path = path
        self.problem = problem
        self.message = str(self)
        self.remedy = f"Let onnxport write {document}, or mend the field by docs/specs."


class _Required:
    """The default of a field that has none."""


REQUIRED: Final = _Required()


class Fields:
    """The fields of one JSON object, taken one at a time; `done` refuses what nobody took."""

    def __init__(self, document: str, path: str, value: object) -> None:
        self._document = document
        self._path = path
        if not isinstance(value, dict):
            raise self.error("", f"is {_shown(value)}; it must be an object")
        self._left: dict[str, Any] = dict(value)

    def error(self, name: str, problem: str) -> DocumentError:
        """The error that names this object's field."""
        return DocumentError(self._document, self._below(name), problem)

    def done(self) -> None:
        """Refuse unknown fields: a misspelt field must not silently mean its default."""
        for name in self._left:
            raise self.error(str(name)[:_SHOWN], "is not a field of this format")

    def again(self, name: str, value: Any) -> "Fields":
        """The same object with this one field left, to read a value that turned out not to be `null`."""
        return Fields(self._document, self._path, {name: value})

    def take(self, name: str, default: object = REQUIRED) -> Any:
        """The raw value; raises `DocumentError` when it is missing and has no default."""
        value = self._left.pop(name, default)
        if value is REQUIRED:
            raise self.error(name, "is missing")
        return value

    def text(self, name: str, default: Any = REQUIRED, pattern: str = "", rule: str = "") -> str:
        """A string that is not empty and matches `pattern` whole, when there is one; `rule` says the pattern in words."""
        value = self.take(name, default)
        if (
            not isinstance(value, str)
            or not value
            or _UNWANTED.search(value) is not None
            or (pattern and re.fullmatch(pattern, value) is None)
        ):
            rule = rule or "a text without control characters"
            raise self.error(name, f"is {_shown(value)}; it must be {rule}")
        return value

    def optional_text(self, name: str, default: Any = None) -> str | None:
        """A string or `null`."""
        value = self.take(name, default)
        return None if value is None else self.again(name, value).text(name)

    def sha256(self, name: str) -> str:
        """64 lower-case hex digits; the value is not repeated in messages."""
        value = self.take(name)
        if not isinstance(value, str) or _HEX_SHA256.fullmatch(value) is None:
            raise self.error(name, "must be 64 lower-case hex digits (SHA-256)")
        return value

    def integer(self, name: str, default: Any = REQUIRED, least: int = 1, most: int = 2**53) -> int:
        """An integer within bounds."""
        value = self.take(name, default)
        rule = f"an integer of at least {least}"
        if most != 2**53:
            rule = f"an integer from {least} to {most}"
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error(name, f"is {_shown(value)}; it must be {rule}")
        return value

    def optional_integer(self, name: str, least: int = 1) -> int | None:
        """An integer or `null`; absent means `null`."""
        value = self.take(name, None)
        return None if value is None else self.again(name, value).integer(name, least=least)

    def number(
        self, name: str, default: Any = REQUIRED, above: float = 0, most: float = 1e9
    ) -> float:
        """A finite number above one bound and at most another."""
        value = self.take(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not above < value <= most
            or not math.isfinite(value)
        ):
            rule = f"a number above {above:g} and at most {most:g}"
            raise self.error(name, f"is {_shown(value)}; it must be {rule}")
        return value

    def optional_number(self, name: str) -> float | None:
        """A number above 0 or `null`; absent means `null`."""
        value = self.take(name, None)
        return None if value is None else self.again(name, value).number(name)

    def flag(self, name: str, default: Any = REQUIRED) -> bool:
        """`true` or `false`."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise self.error(name, f"is {_shown(value)}; it must be true or false")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: Any = REQUIRED) -> str:
        """One of a few words."""
        value = self.take(name, default)
        if not isinstance(value, str) or value not in choices:
            words = ", ".join(f"'{word}'" for word in choices)
            raise self.error(name, f"is {_shown(value)}; it must be one of {words}")
        return value

    def object(self, name: str, read: "Callable[[Fields], _Value]") -> _Value:
        """An object, read by `read`; an absent one is read as empty, so that every field takes its default."""
        inner = Fields(self._document, self._below(name), self.take(name, {}))
        value = read(inner)
        inner.done()
        return value

    def optional_object(self, name: str, read: "Callable[[Fields], _Value]") -> _Value | None:
        """An object or `null`; absent means `null`."""
        value = self.take(name, None)
        return None if value is None else self.again(name, value).object(name, read)

    def objects(
        self, name: str, read: "Callable[[Fields], _Value]", default: Any = REQUIRED
    ) -> tuple[_Value, ...]:
        """A list of objects."""
        values = []
        for index, item in enumerate(self._list(name, default)):
            inner = Fields(self._document, f"{self._below(name)}[{index}]", item)
            values.append(read(inner))
            inner.done()
        return tuple(values)

    def texts(self, name: str, default: Any = REQUIRED) -> tuple[str, ...]:
        """A list of strings, none of them empty."""
        items = self._list(name, default)
        return tuple(
            self.again(f"{name}[{index}]", item).text(f"{name}[{index}]")
            for index, item in enumerate(items)
        )

    def mapping(self, name: str, default: Any = REQUIRED) -> dict[str, Any]:
        """An object with free keys, as it is."""
        value = self.take(name, default)
        if not isinstance(value, dict):
            raise self.error(name, f"is {_shown(value)}; it must be an object")
        return value

    def _list(self, name: str, default: Any) -> list[Any]:
        value = self.take(name, default)
        if not isinstance(value, list):
            raise self.error(name, f"is {_shown(value)}; it must be a list")
        return value

    def _below(self, name: str) -> str:
        return ".".join(part for part in (self._path, name) if part)


def read_bytes(document: str, path: Path) -> bytes:
    """The bytes of a document; raises `DocumentError` when it cannot be read or is larger than 16 MiB."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise DocumentError(document, "", f"cannot be read ({error.strerror}): {path}") from None
    if len(content) > _LARGEST_DOCUMENT:
        raise DocumentError(document, "", "is larger than 16 MiB")
    return content


def parse_object(document: str, content: bytes, expected_format: str) -> Fields:
    """The document's fields after its `format` was checked; raises `DocumentError`.

    Stricter than `json`: no byte order mark, no field twice, no NaN or infinity.
    """
    try:
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=lambda pairs: _unique(document, pairs),
            parse_constant=lambda word: _no_constant(document, word),
        )
    except RecursionError:
        raise DocumentError(document, "", "is nested too deeply") from None
    except ValueError as error:
        raise DocumentError(document, "", f"is not JSON: {str(error)[:200]}") from None
    fields = Fields(document, "", value)
    found = fields.take("format")
    if found != expected_format:
        problem = (
            f"is {_shown(found)}; this version of onnxport-serve reads {expected_format!r} only"
        )
        raise fields.error("format", problem)
    return fields


def _unique(document: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError(document, twice[:_SHOWN], "is there twice")
    return fields


def _no_constant(document: str, word: str) -> None:
    raise DocumentError(document, "", f"holds {word}, which is not JSON")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return "a very large integer"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
