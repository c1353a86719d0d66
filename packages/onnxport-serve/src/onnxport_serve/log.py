"""Structured log lines: JSON for programs, short lines for people.

One line is one write, so lines of several processes never mix. A line holds the time (UTC), the level, an event in a few fixed
words and fields; never a payload, a header or a key.
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Final

LEVELS: Final = ("debug", "info", "warning", "error")
LEVEL_VARIABLE: Final = "ONNXPORT_SERVE_LOG_LEVEL"
FORMAT_VARIABLE: Final = "ONNXPORT_SERVE_LOG_FORMAT"

Field = str | int | float | bool | None


class Log:
    """Writes lines of one level and above to a file descriptor.

    Args:
        descriptor: where lines go; it stays open.
        level: the least level that is written, one of `LEVELS`.
        as_json: JSON lines, or short lines for people.

    `writes_debug` and `writes_info` let a hot path skip the work of building fields.
    """

    __slots__ = ("_as_json", "_descriptor", "_least", "writes_debug", "writes_info")

    def __init__(self, descriptor: int, level: str = "info", as_json: bool = True) -> None:
        self._descriptor = descriptor
        self._as_json = as_json
        self._least = LEVELS.index(level)
        self.writes_debug = self._least <= 0
        self.writes_info = self._least <= 1

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that give another process the same level and form."""
        form = "json" if self._as_json else "text"
        return {LEVEL_VARIABLE: LEVELS[self._least], FORMAT_VARIABLE: form}

    def debug(self, event: str, **fields: Field) -> None:
        """What only a developer of onnxport wants to know."""
        if self.writes_debug:
            self._write("debug", event, fields)

    def info(self, event: str, **fields: Field) -> None:
        """What happened as it should."""
        if self.writes_info:
            self._write("info", event, fields)

    def warning(self, event: str, **fields: Field) -> None:
        """What works, and somebody should look at."""
        if self._least <= 2:
            self._write("warning", event, fields)

    def error(self, event: str, **fields: Field) -> None:
        """What does not work."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: Mapping[str, Field]) -> None:
        render = _json_line if self._as_json else _text_line
        try:
            os.write(self._descriptor, render(time.time(), level, event, fields))
        except OSError:
            # A closed terminal or pipe, a full disk: an endpoint that cannot log goes on serving.
            return


def open_log(descriptor: int = 2, environment: Mapping[str, str] = os.environ) -> Log:
    """The log that the environment asks for: by default level info, JSON when the descriptor is not a terminal.

    Raises:
        ValueError: `ONNXPORT_SERVE_LOG_LEVEL` or `ONNXPORT_SERVE_LOG_FORMAT` has an unknown value.
    """
    level = environment.get(LEVEL_VARIABLE, "info")
    if level not in LEVELS:
        raise ValueError(f"{LEVEL_VARIABLE} is {level!r}; it must be one of {', '.join(LEVELS)}")
    form = environment.get(FORMAT_VARIABLE) or ("text" if os.isatty(descriptor) else "json")
    if form not in ("json", "text"):
        raise ValueError(f"{FORMAT_VARIABLE} is {form!r}; it must be json or text")
    return Log(descriptor, level, as_json=form == "json")


def _json_line(seconds: float, level: str, event: str, fields: Mapping[str, Field]) -> bytes:
    line = {"time": _utc(seconds), "level": level, "event": event, **fields}
    return json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _text_line(seconds: float, level: str, event: str, fields: Mapping[str, Field]) -> bytes:
    words = "".join(f"  {name}={_plain(value)}" for name, value in fields.items())
    return f"{_utc(seconds)[11:19]} {level:<7} {event}{words}\n".encode(errors="replace")


def _plain(value: Field) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text else json.dumps(text)


def _utc(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"
