"""`AMLRequest` and `@rawhttp`: the request itself for scoring code that asks for it.

The members are those of the request objects that scoring code for Azure ML uses (Flask's), as far as they concern a request alone.
"""

from __future__ import annotations

import io
import json
from http.cookies import SimpleCookie
from typing import Any, Callable, Sequence, TypeVar

from .form import Upload, parse_form
from .header_map import HeaderMap
from .query import parse_query
from .value_map import ValueMap

_Function = TypeVar("_Function", bound=Callable[..., Any])

was_asked_for = False
"""Whether a function was decorated with `@rawhttp`."""


def rawhttp(function: _Function) -> _Function:
    """Have `run` called with an `AMLRequest`."""
    global was_asked_for
    was_asked_for = True
    return function


class AMLRequest:
    """A request.

    Args:
        method: `GET`, `POST`, ...
        target: path and query as sent.
        headers: names in lower case, and values.
        body: all of it.
    """

    def __init__(
        self, method: str, target: str, headers: Sequence[Sequence[str]], body: bytes
    ) -> None:
        self.method = method
        self.path, _, query = target.partition("?")
        self.full_path = self.path + "?" + query
        self.query_string = query.encode("latin-1", "replace")
        self.headers = HeaderMap(
            ("-".join(map(str.capitalize, n.split("-"))), v) for n, v in headers
        )
        self.args: ValueMap[str] = ValueMap(parse_query(query))
        self._body = body
        self._form: tuple[ValueMap[str], ValueMap[Upload]] | None = None

    @property
    def data(self) -> bytes:
        """The body; empty for a form, as Flask has it."""
        return b"" if self.mimetype.startswith(("multipart/form-data", _URL_FORM)) else self._body

    def get_data(
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> Any:
        """The body, as bytes or text."""
        del cache, parse_form_data
        return self._body.decode("utf-8", "replace") if as_text else self._body

    @property
    def stream(self) -> io.BytesIO:
        """The body as a file."""
        return io.BytesIO(self._body)

    @property
    def is_json(self) -> bool:
        """Whether the content type says JSON."""
        kind = self.mimetype
        return kind == "application/json" or (
            kind.startswith("application/") and kind.endswith("+json")
        )

    @property
    def json(self) -> Any:
        """The body read as JSON; raises `ValueError` where it is none."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body read as JSON; `None` where that is not what the content type says, or with `silent` where it is none."""
        del cache
        if not force and not self.is_json:
            if silent:
                return None
            raise ValueError("the request's Content-Type is not application/json")
        try:
            return json.loads(self._body)
        except ValueError:
            if silent:
                return None
            raise

    @property
    def form(self) -> ValueMap[str]:
        """Fields of a form."""
        return self._read_form()[0]

    @property
    def files(self) -> ValueMap[Upload]:
        """Files of a form."""
        return self._read_form()[1]

    @property
    def values(self) -> ValueMap[str]:
        """The query, then the fields of a form."""
        return ValueMap([*self.args.pairs(), *self.form.pairs()])

    @property
    def content_type(self) -> str | None:
        """The content type with its parameters."""
        return self.headers.get("Content-Type")

    @property
    def mimetype(self) -> str:
        """The content type without parameters, in lower case."""
        return (self.content_type or "").partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int:
        """Bytes of the body."""
        return len(self._body)

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name."""
        return {
            name: one.value for name, one in SimpleCookie(self.headers.get("Cookie") or "").items()
        }

    @property
    def host(self) -> str:
        """The host that the client named."""
        return self.headers.get("Host") or "localhost"

    @property
    def host_url(self) -> str:
        """Scheme and host."""
        return f"http://{self.host}/"

    @property
    def base_url(self) -> str:
        """The address without the query."""
        return f"http://{self.host}{self.path}"

    @property
    def url(self) -> str:
        """The whole address."""
        query = self.query_string.decode("latin-1")
        return self.base_url + ("?" + query if query else "")

    def _read_form(self) -> tuple[ValueMap[str], ValueMap[Upload]]:
        if self._form is None:
            self._form = parse_form(self.content_type or "", self._body)
        return self._form


_URL_FORM = "application/x-www-form-urlencoded"
