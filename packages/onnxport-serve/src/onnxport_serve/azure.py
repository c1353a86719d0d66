"""What answers on `/score` carry for clients of Azure ML. Source: Azure ML inference server, "azmlinfsrv" 1.5.1."""

from __future__ import annotations

from onnxport_serve.request import Request

_CLIENT_ID = b"x-ms-client-request-id: %b\r\n"


def azure_ids(request: Request) -> tuple[bytes, bytes]:
    """The legacy id, and further header lines where the client sent ids of its own."""
    headers = request.headers
    if b"x-ms-request-id" in headers or b"x-ms-client-request-id" in headers:
        legacy = headers.get(b"x-ms-request-id")
        client = headers.get(b"x-ms-client-request-id")
        return legacy or client or b"", _CLIENT_ID % (client or legacy) + _trace(headers)
    return request.id, _trace(headers) if b"traceid" in headers else b""


def _trace(headers: dict[bytes, bytes]) -> bytes:
    trace = headers.get(b"traceid")
    return b"traceid: %b\r\n" % trace if trace else b""
