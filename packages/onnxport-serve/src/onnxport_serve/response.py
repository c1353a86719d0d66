"""Heads and bodies of answers. Everything that is the same for all requests is rendered once."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

import orjson

from onnxport_serve.errors import Headers, RequestError
from onnxport_serve.request import Request

JSON = b"application/json"
_STATUS_LINE = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}
_NOT_VISIBLE = re.compile(rb"[^\x20-\x7e]")


def status_line(status: int) -> bytes:
    """The first line of an answer; statuses without a name are sent without one."""
    return _STATUS_LINE.get(status) or b"HTTP/1.1 %d \r\n" % status


def connection_line(request: Request) -> bytes:
    """The `connection` line of an answer; empty where HTTP/1.1 needs none."""
    if not request.keep_alive:
        return b"connection: close\r\n"
    return b"connection: keep-alive\r\n" if request.old else b""


def header_lines(headers: Headers) -> bytes:
    """Headers as they stand in a head."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def family(request: Request) -> str:
    """The family of routes that a request belongs to, as metrics call it."""
    target = request.target
    if target.startswith(b"/score"):
        return "score"
    return "v2" if target.startswith(b"/v2") else "http"


def render_head(
    request: Request,
    status: int,
    content_type: bytes,
    length: int,
    headers: Headers = (),
) -> bytes:
    """The head of an answer up to and with the empty line."""
    lines = [
        _STATUS_LINE[status],
        request.protocol.app.date_line,
        b"content-type: %b\r\ncontent-length: %d\r\n" % (content_type, length),
    ]
    if request.id:
        lines.append(b"x-request-id: %b\r\n" % request.id)
    lines += (header_lines(headers), request.extra, connection_line(request), b"\r\n")
    return b"".join(lines)


def send(
    request: Request,
    status: int,
    body: bytes,
    *,
    content_type: bytes = JSON,
    headers: Headers = (),
) -> None:
    """Answer the request; a HEAD request gets the head only."""
    head = render_head(request, status, content_type, len(body), headers)
    request.protocol.reply(request, head, b"" if request.method == b"HEAD" else body)


def error_body(request: Request, error: RequestError) -> bytes:
    """The JSON of an error in the form of the route's family.

    Sources: Open Inference Protocol, `error` of every failed call; Azure ML's inference server, `message`; alone for scoring code.
    """
    if family(request) == "v2":
        return orjson.dumps({"error": error.message})
    if request.state is not None and request.state.runs_script:
        return json.dumps({"message": error.message}).encode()
    document = {"message": error.message, "code": error.code}
    if request.id:
        document["request_id"] = request.id.decode("latin-1")
    return orjson.dumps(document)


def printable(value: bytes, longest: int = 100) -> str:
    """Bytes of a request made safe to name in a message: visible ASCII, cut."""
    text = _NOT_VISIBLE.sub(b"?", value[: longest + 1]).decode()
    return text if len(text) <= longest else text[: longest - 1] + "~"
