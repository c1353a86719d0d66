"""What the head of a request says about its version, target and body; what would let two readers disagree is refused.

llhttp in strict mode has refused before: bare line feeds, folded or malformed fields, a Content-Length that is not a number,
is there twice or stands beside a Transfer-Encoding. Source: RFC 9112, sections 3.2, 6.1 to 6.3 and 11.2.
"""

from __future__ import annotations

from onnxport_serve.errors import (
    BadRequest,
    MethodNotAllowed,
    NotImplementedHere,
    UnsupportedMedia,
)
from onnxport_serve.request import Request

_ONCE = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"authorization", b"content-type", b"origin"}
)


def add_header(headers: dict[bytes, bytes], name: bytes, value: bytes) -> None:
    """Put a field under its lower-case name; repeated fields are joined, or refused where only one can be meant."""
    name = name.lower()
    value = value.rstrip(b" \t")
    if name in headers:
        if name in _ONCE:
            raise BadRequest(f"the header '{name.decode()}' is there more than once")
        value = headers[name] + b", " + value
    headers[name] = value


def check_version(request: Request, version: str) -> None:
    """Accept the versions that are spoken here: HTTP/1.1 with a `Host`, and HTTP/1.0 without chunks."""
    if version == "1.1":
        if b"host" not in request.headers:
            raise BadRequest("an HTTP/1.1 request needs a Host header")
        return
    if version != "1.0":
        raise BadRequest("only HTTP/1.1 and HTTP/1.0 are spoken here")
    request.old = True
    if b"transfer-encoding" in request.headers:
        raise BadRequest("an HTTP/1.0 request cannot have a Transfer-Encoding")


def body_length(headers: dict[bytes, bytes]) -> int | None:
    """Bytes of the body that follows the head; `None`: it comes in chunks."""
    encoding = headers.get(b"transfer-encoding")
    if encoding is None:
        return int(headers.get(b"content-length", b"0"))
    if b"content-length" in headers:
        raise BadRequest("Content-Length and Transfer-Encoding exclude each other")
    if encoding.lower() != b"chunked":
        raise NotImplementedHere("the only transfer encoding read here is 'chunked'")
    return None


def check_coding(headers: dict[bytes, bytes]) -> None:
    """Refuse a body that is compressed, or coded otherwise; a model's values would not be found in it.

    Source: RFC 9110, sections 8.4 and 15.5.16.
    """
    codings = headers.get(b"content-encoding", b"").lower().split(b",")
    if any(coding.strip() not in (b"", b"identity") for coding in codings):
        raise UnsupportedMedia(
            "a body with a Content-Encoding is not read here; send it uncompressed, without that header",
            ((b"accept-encoding", b"identity"),),
        )


def check_target(request: Request) -> None:
    """Bring an absolute-form target to its path; its authority then stands for `Host`."""
    target = request.target
    if target[:1] == b"/" or (target == b"*" and request.method == b"OPTIONS"):
        return
    scheme, separator, rest = target.partition(b"://")
    if separator and scheme.lower() in (b"http", b"https"):
        authority, slash, path = rest.partition(b"/")
        if b"@" in authority or b"?" in authority:
            raise BadRequest("the request target must be a path or a plain http address")
        request.target = slash + path or b"/"
        request.headers[b"host"] = authority
    elif request.method == b"CONNECT":
        raise MethodNotAllowed("this endpoint is not a proxy")
    else:
        raise BadRequest("the request target must be a path")
