"""The answers that every route of an endpoint can give: headers, refusals and their schemas.

One table of statuses serves all routes, so that a status which the endpoint gains or loses changes here alone.
"""

from typing import Any

from onnxport_serve.contract.schema import Schema

JSON = "application/json"
_TEXT: Schema = {"type": "string"}
_SECONDS: Schema = {"type": "integer", "minimum": 0}

ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "Why a request was refused or failed",
    "properties": {
        "message": {"type": "string", "description": "What was wrong and what would be right"},
        "code": {"type": "string", "description": "Stable name of the situation"},
        "request_id": {"type": "string", "description": "The id that the endpoint's log names"},
    },
    "required": ["message", "code"],
}

HEADERS: dict[str, Any] = {
    "x-request-id": {
        "description": "Names the request in the log; the caller's own when it sent one",
        "schema": _TEXT,
    },
    "x-onnxport-revision": {"description": "The revision that answered", "schema": _TEXT},
    "server-timing": {
        "description": "Milliseconds of each stage: decode, queue, run, encode",
        "schema": _TEXT,
    },
    "x-ms-run-function-failed": {"description": "`True` where the run failed", "schema": _TEXT},
    "x-ms-run-fn-exec-ms": {"description": "Milliseconds of the run", "schema": _TEXT},
    "x-ms-request-id": {"description": "The request's id, for clients of Azure", "schema": _TEXT},
    "retry-after": {"description": "Seconds to wait before trying again", "schema": _SECONDS},
    "www-authenticate": {"description": "The scheme of the key", "schema": _TEXT},
    "accept-encoding": {
        "description": "The Content-Encoding that a body may have: `identity`, none",
        "schema": _TEXT,
    },
    "allow": {"description": "The methods of the route", "schema": _TEXT},
}
"""Every header that the document describes."""

_STATUSES: dict[int, tuple[str, str, tuple[str, ...]]] = {
    400: ("BadRequest", "The request is not what the model or the protocol takes", ()),
    401: ("Unauthorized", "No key was sent, or not one that is accepted", ("www-authenticate",)),
    403: ("Forbidden", "The host name or the page's origin is not one that may call", ()),
    404: ("NotFound", "No such route, model or revision", ()),
    405: ("MethodNotAllowed", "The route has other methods", ("allow",)),
    408: ("RequestTimeout", "The request did not arrive in time", ()),
    413: ("TooLarge", "The body is larger than the endpoint's limit", ()),
    415: ("UnsupportedMedia", "The body has a Content-Encoding", ("accept-encoding",)),
    431: ("HeadersTooLarge", "The head of the request is larger than the endpoint's limit", ()),
    500: ("RunFailed", "The model could not work with these values", ()),
    501: ("NotImplemented", "The protocol knows it, this endpoint does not do it", ()),
    503: ("Unavailable", "The endpoint is at its limit or not ready", ("retry-after",)),
    504: ("Timeout", "The run took longer than the endpoint's limit and was ended", ()),
}

AZURE_HEADERS = ("x-ms-run-function-failed", "x-ms-run-fn-exec-ms", "x-ms-request-id")
"""What an answer of `/score` carries besides. Source: Azure ML inference server."""
EVERY_ROUTE = (400, 403, 405, 408, 413, 431, 501, 503)
"""What the protocol itself can answer on any route."""
EVERY_RUN = (415, 500, 504)
"""What only a route that runs the model can answer."""


def error_responses(schema_name: str, prefix: str) -> dict[str, Any]:
    """`components.responses` for one family of routes: every status under `prefix` + its name."""
    return {
        prefix + name: {
            "description": description,
            "headers": header_references(("x-request-id", *extra)),
            "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{schema_name}"}}},
        }
        for name, description, extra in _STATUSES.values()
    }


def refusals(statuses: tuple[int, ...], prefix: str) -> dict[str, Any]:
    """The error part of an operation's `responses`, by reference."""
    return {
        str(status): {"$ref": f"#/components/responses/{prefix}{_STATUSES[status][0]}"}
        for status in sorted(set(statuses))
    }


def header_references(names: tuple[str, ...]) -> dict[str, Any]:
    """The `headers` of a response, by reference."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
