"""From a request to the arguments of `run`: text, named values of a JSON object, or the request itself.

Order of checks and words of refusals are those of Azure ML's inference server (azmlinfsrv 1.5.1).
"""

from __future__ import annotations

import inspect
import json
from typing import Any, Sequence

from .query import parse_query
from .raw_request import AMLRequest

Headers = Sequence[Sequence[str]]


class Refused(Exception):
    """A request that `run` is not called for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Incoming:
    """A request as it came: the body, and what else is known where `run` may need it."""

    __slots__ = ("body", "headers", "method", "request_id", "target")

    def __init__(
        self,
        body: Any,
        method: str = "POST",
        target: str = "/score",
        headers: Headers = (),
        request_id: str = "",
    ) -> None:
        self.body = body
        self.method = method
        self.target = target
        self.headers = headers
        self.request_id = request_id

    @classmethod
    def from_meta(cls, meta: bytes, body: Any) -> Incoming:
        """Read what a front sent about the request."""
        known = json.loads(meta)
        return cls(body, known["method"], known["target"], known["headers"], known["id"])

    @property
    def query(self) -> str:
        """What follows the first `?`."""
        return self.target.partition("?")[2]

    def title_headers(self) -> dict[str, str]:
        """Headers by their usual names, `Content-Type`."""
        return {
            "-".join(map(str.capitalize, name.split("-"))): value for name, value in self.headers
        }

    def header(self, name: str) -> str:
        """The value of a header, by its lower-case name; empty where there is none."""
        return next((value for known, value in self.headers if known == name), "")


class TextInput:
    """`run(text)`: the body as text; the query of a GET as a JSON object."""

    kind = "text"

    def __init__(self, parameter: str) -> None:
        self._parameter = parameter

    def arguments(self, incoming: Incoming) -> dict[str, Any]:
        """The one argument; raises `Refused`."""
        if incoming.method == "GET":
            return {self._parameter: json.dumps(_query_values(incoming.query))}
        _check_method(incoming)
        try:
            return {self._parameter: str(incoming.body, "utf-8")}
        except UnicodeDecodeError as error:
            raise Refused(400, f"Input cannot be decoded as UTF-8: {error}") from None


class ObjectInput:
    """`run(a=..., b=...)`: the members of a JSON object by name, for functions decorated with `@input_schema`."""

    kind = "object"

    def __init__(self, parameters: Sequence[inspect.Parameter]) -> None:
        self._parameters = [(one.name, one.default) for one in parameters]

    def arguments(self, incoming: Incoming) -> dict[str, Any]:
        """All arguments; raises `Refused`."""
        if incoming.method == "GET":
            return self._pick(_query_values(incoming.query))
        _check_method(incoming)
        if not _is_json(incoming.header("content-type")):
            raise Refused(415, "Expects Content-Type to be application/json")
        body = bytes(incoming.body)
        try:
            value = json.loads(body)
        except RecursionError:
            raise Refused(400, "POST body is nested too deeply.") from None
        except UnicodeDecodeError as error:
            raise Refused(400, f"Input cannot be decoded as UTF-8: {error}") from None
        except ValueError as error:
            if not body:
                raise Refused(400, "POST body is empty. Expecting a JSON dictionary.") from None
            raise Refused(400, f"POST body could not be decoded as JSON: {error}") from None
        if not isinstance(value, dict):
            raise Refused(400, "POST body should be a JSON dictionary.")
        return self._pick(value)

    def _pick(self, values: dict[str, Any]) -> dict[str, Any]:
        arguments = {}
        for name, default in self._parameters:
            value = values.get(name, default)
            if value is inspect.Parameter.empty:
                raise Refused(400, f"A value is not provided for the {name!r} parameter.")
            arguments[name] = value
        return arguments


class RawInput:
    """`run(request)`: the request itself, for functions decorated with `@rawhttp`."""

    kind = "raw"

    def __init__(self, parameter: str) -> None:
        self._parameter = parameter

    def arguments(self, incoming: Incoming) -> dict[str, Any]:
        """The one argument."""
        request = AMLRequest(
            incoming.method, incoming.target, incoming.headers, bytes(incoming.body)
        )
        return {self._parameter: request}


def _check_method(incoming: Incoming) -> None:
    if incoming.method != "POST":
        raise Refused(405, "Method not allowed")


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _query_values(query: str) -> dict[str, Any]:
    """The query as values: JSON where it is JSON, else text; a list where a name is there more than once."""
    found: dict[str, list[Any]] = {}
    for name, text in parse_query(query):
        found.setdefault(name, []).append(_query_value(text))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _query_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
