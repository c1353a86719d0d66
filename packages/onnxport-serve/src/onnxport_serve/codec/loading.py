"""JSON text to Python values; refusals say where the text is wrong without showing it."""

import json
from typing import Any

import orjson

from onnxport_serve.codec import simd
from onnxport_serve.errors import BadRequest

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_NUMBERS = (b"NaN", b"Infinity", b"-Infinity")
_DEEPEST_CHECK = 8
"""Levels of objects that are searched for repeated names; beyond them only ignored parameters can lie."""


class _RepeatedName(Exception):
    """Stops the reading of a text that names a member twice."""


def load_json(body: bytes) -> Any:
    """The value of a JSON text; a byte order mark is skipped.

    Raises:
        BadRequest: it is not JSON, or an object has the same name twice.
    """
    text = body[3:] if body.startswith(_BYTE_ORDER_MARK) else body
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(_refusal(text, error)) from None
    if _repeats_name(text, value):
        raise BadRequest("the body has an object with the same name twice")
    return value


def _refusal(text: bytes, error: orjson.JSONDecodeError) -> str:
    if not text.strip():
        return "the body is empty; JSON is expected"
    where = f"line {error.lineno}, column {error.colno}"
    if text[error.pos : error.pos + 9].startswith(_NOT_NUMBERS):
        return (
            f"the body is not JSON: NaN and infinities have no JSON form ({where}); "
            "send them with application/octet-stream, .npy or /v2 with binary data"
        )
    return f"the body is not JSON: {error.msg.partition(':')[0]} ({where})"


def _repeats_name(text: bytes, value: Any) -> bool:
    """Whether an object names a member twice: orjson keeps the last silently, simdjson counts both.

    A text that only orjson reads (an integer of more than 64 bits) is not looked at, nor is one with a NUL in a name, which
    simdjson cannot look up.
    """
    if text.count(b":") == _count_members(value, _DEEPEST_CHECK):
        return False  # every colon is accounted for
    if simd.Parser is None:
        return _repeats_name_slowly(text)
    try:
        return _differs(simd.Parser().parse(text), value, _DEEPEST_CHECK)
    except (ValueError, RuntimeError, KeyError):
        return False


def _repeats_name_slowly(text: bytes) -> bool:
    """The same by the standard library, which shows every member it reads."""
    try:
        json.loads(text, object_pairs_hook=_refuse_repeated)
    except _RepeatedName:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _refuse_repeated(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise _RepeatedName
    return value


def _count_members(value: Any, levels: int) -> int:
    """Members of the objects that lie in each other and in lists that start with one."""
    if not levels:
        return 0
    if type(value) is dict:
        inner = [child for child in value.values() if type(child) is dict or type(child) is list]
        return len(value) + sum(_count_members(child, levels - 1) for child in inner)
    if type(value) is list and value and type(value[0]) is dict:
        return sum(_count_members(item, levels - 1) for item in value)
    return 0


def _differs(node: Any, value: Any, levels: int) -> bool:
    if not levels:
        return False
    if type(value) is dict:
        return len(node) != len(value) or any(
            _differs(node[name], child, levels - 1)
            for name, child in value.items()
            if type(child) in (dict, list) and "\0" not in name  # simdjson looks up C strings
        )
    if type(value) is list and value and type(value[0]) in (dict, list):
        if type(value[0]) is list:
            return _differs(node[0], value[0], levels - 1)
        return any(
            _differs(child, item, levels - 1)
            for child, item in zip(node, value, strict=True)
            if type(item) is dict
        )
    return False
