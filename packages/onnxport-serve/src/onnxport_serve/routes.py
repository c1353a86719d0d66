"""The route table of one generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnxport_serve.routes_pages import page_routes
from onnxport_serve.routes_score import score_routes
from onnxport_serve.routes_v2 import v2_routes

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State


def add_routes(app: App, state: State) -> None:
    """Compile every route of a generation into its table."""
    state.routes.update(page_routes(app, state))
    state.routes.update(score_routes(app, state))
    state.routes.update(v2_routes(app, state))
