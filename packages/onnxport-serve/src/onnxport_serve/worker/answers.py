"""From what `run` returns to an answer, as Azure ML's inference server (azmlinfsrv 1.5.1) encodes it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from .raw_response import is_response

_JSON = b""
"""No header lines: the front says that the body is JSON."""
_FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
_UNEXPECTED = "An unexpected internal error occurred. Check the logs for more info."


class Result(NamedTuple):
    """An answer; `took_ms` is negative where `run` was not called to its end. Header lines include the content type."""

    status: int
    body: bytes
    took_ms: float = -1.0
    headers: bytes = _JSON
    run_failed: bool = False
    leaving: bool = False


def answer_of(value: Any, took_ms: float) -> Result:
    """The answer to a run; raises what `json.dumps` raises for values it does not know.

    A text becomes a JSON text, `None` an empty object; NaN stays `NaN`. Responses are sent as they are.
    """
    if is_response(value):
        status = int(value.status_code)
        return Result(status, value.get_data(), took_ms, _header_lines(value), status >= 500)
    return Result(200, json.dumps({} if value is None else value).encode(), took_ms)


def refusal(status: int, message: str) -> Result:
    """The answer to a request that `run` is not called for; OPTIONS gets an empty one from the front."""
    return Result(status, _message(message))


def script_failed(trace: str | None, leaving: bool) -> Result:
    """The answer where `run` raised; with the traceback where that is wanted."""
    document = {"message": _FAILED}
    if trace is not None:
        document["traceback"] = trace
    return Result(500, json.dumps(document).encode(), run_failed=True, leaving=leaving)


def unencodable() -> Result:
    """The answer where what `run` returned is no JSON."""
    return Result(500, _message(_UNEXPECTED))


def _message(text: str) -> bytes:
    return json.dumps({"message": text}).encode()


def _header_lines(response: Any) -> bytes:
    """The headers as lines; raises `ValueError` for one that would end its line."""
    lines = []
    for name, value in response.headers.items():
        lower, text = str(name).lower(), str(value)
        if lower in _FRONT_SAYS:
            continue
        if (
            any(mark in lower + text for mark in "\r\n\0")
            or not lower
            or ":" in lower
            or " " in lower
        ):
            raise ValueError("a header of the response has a character that headers cannot have")
        lines.append(f"{lower}: {text}\r\n")
    return "".join(lines).encode("latin-1", "replace")


_FRONT_SAYS = {
    "content-length",
    "transfer-encoding",
    "connection",
    "date",
    "x-ms-run-function-failed",
}
