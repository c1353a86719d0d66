"""`AMLResponse`: an answer with a status, headers and bytes of the script's own choice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .header_map import HeaderMap


class AMLResponse:
    """An answer that is sent as it is.

    Args:
        message: bytes or text; anything that JSON knows with `json_str`; `None` gives an empty JSON object.
        status_code: HTTP status.
        response_headers: further headers; a value with commas becomes several headers.
        json_str: write `message` as JSON.
        run_function_failed: kept for compatibility; a status from 500 on always counts as failed.

    Source: `AMLResponse` of Azure ML's inference server 1.5.1.
    """

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: Mapping[str, str] | None = None,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        self.status_code = int(status_code)
        self.run_function_failed = run_function_failed
        is_json = json_str or message is None
        self._body = _bytes(json.dumps({} if message is None else message) if is_json else message)
        self.headers = HeaderMap()
        given = dict(response_headers or {})
        if is_json:
            self.headers.add("Content-Type", "application/json")
        elif "Content-Type" not in given:
            self.headers.add("Content-Type", "text/html; charset=utf-8")
        for name, value in given.items():
            for part in str(value).split(","):
                self.headers.add(name, part.strip())

    @property
    def data(self) -> bytes:
        """The body."""
        return self._body

    def get_data(self, as_text: bool = False) -> Any:
        """The body, as bytes or text."""
        return self._body.decode("utf-8", "replace") if as_text else self._body

    def set_data(self, value: Any) -> None:
        """Use another body."""
        self._body = _bytes(value)


def is_response(value: Any) -> bool:
    """Whether a value is a response: ours, or one of a web framework that looks like it (Flask's)."""
    return isinstance(value, AMLResponse) or (
        hasattr(value, "status_code") and hasattr(value, "get_data") and hasattr(value, "headers")
    )


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(
        f"the message of a response is {type(value).__name__}; it must be text or bytes"
    )
