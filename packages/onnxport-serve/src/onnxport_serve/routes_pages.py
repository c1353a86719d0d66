"""What is read rather than scored: liveness, the contract in its forms, metrics.

Liveness and the contract need no key: they tell what the endpoint takes, not what anybody sent. Metrics do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from onnxport_serve import __version__
from onnxport_serve.contract.values import Contract
from onnxport_serve.errors import Headers, NotFound
from onnxport_serve.metrics import CONTENT_TYPE
from onnxport_serve.request import Request
from onnxport_serve.response import JSON, printable, send
from onnxport_serve.route import Handler, Route, get

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State

_HTML = b"text/html; charset=utf-8"
_FRESH: Headers = ((b"cache-control", b"no-cache"), (b"x-content-type-options", b"nosniff"))


def page_routes(app: App, state: State) -> dict[bytes, Route]:
    """`/`, the contract and `/metrics`."""
    contract = state.main_revision.contract(state)
    routes = {
        b"/": get(_static(b"Healthy", _HTML, ()), is_open=True),
        b"/openapi.json": get(_static(contract.openapi, JSON, _FRESH), is_open=True),
        b"/swagger.json": get(_swagger(contract), is_open=True),
        b"/docs": get(_static(contract.page, _HTML, contract.page_headers), is_open=True),
        b"/metrics": get(_metrics(app)),
    }
    for path, (content, content_type) in contract.assets.items():
        routes[path.encode()] = get(_static(content, content_type, _FRESH), is_open=True)
    return routes


def _static(body: bytes, content_type: bytes, headers: Headers) -> Handler:
    def answer(request: Request) -> None:
        send(request, 200, body, content_type=content_type, headers=headers)

    return answer


def _swagger(contract: Contract) -> Handler:
    """Azure's `?version=`: 2 when nothing is said."""

    def answer(request: Request) -> None:
        version = parse_qs(request.query.decode("latin-1")).get("version", ["2"])[-1]
        document = contract.swagger.get(version)
        if document is None:
            wrong = printable(version.encode("latin-1", "replace"), 20)
            known = ", ".join(one for one in ("2", "3", "3.1") if one in contract.swagger)
            raise NotFound(
                f"Swagger version [{wrong}] is not valid. Supported versions: [{known}]."
            )
        send(request, 200, document, headers=_FRESH)

    return answer


def _metrics(app: App) -> Handler:
    def answer(request: Request) -> None:
        text = app.metrics.render(
            in_flight=app.in_flight, connections=app.connections, version=__version__
        )
        send(request, 200, text, content_type=CONTENT_TYPE)

    return answer
