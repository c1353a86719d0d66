"""Lines of an endpoint's log for people: the time, what happened, then what there is to say about it."""

import json
from typing import Any

from onnxport.domain.printable_text import printable

_LONG = ("text", "traceback")
"""Fields with several lines: what a script printed, and tracebacks."""
_STREAMS = ("stdout", "stderr")


def readable(line: str) -> str:
    """One structured line as text, a traceback below it; other lines as they are, with control characters escaped."""
    fields = _fields(line)
    if fields is None:
        return printable(line)
    time = str(fields.pop("time", ""))[11:19]
    level, event = str(fields.pop("level", "")), str(fields.pop("event", ""))
    text = next((str(fields.pop(name)) for name in _LONG if fields.get(name)), "")
    first, *more = text.splitlines() or [""]
    if event in _STREAMS:
        more, first = [], " | ".join((first, *more))
    elif more:
        more, first = [first, *more], ""
    words = [printable(first)] if first else []
    words += [f"{name}={printable(value)}" for name, value in fields.items()]
    head = f"{time} {level:<7} {printable(event)}"
    below = [f"    {printable(one)}" for one in more]
    return "\n".join(["  ".join((head, *words)), *below])


def _fields(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "event" in document else None
