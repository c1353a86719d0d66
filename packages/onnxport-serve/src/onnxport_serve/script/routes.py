"""How a revision with scoring code answers on `/score` and `/v2`, and what it says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onnxport_serve.errors import NotImplementedHere
from onnxport_serve.request import Request
from onnxport_serve.route import Handler
from onnxport_serve.script.scoring import ScriptScoring

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.script.revision import ScriptRevision


def score_handler(app: App, revision: ScriptRevision) -> Handler:
    """`/score`, with POST and GET."""
    return ScriptScoring(app, revision, app.metrics.series(revision.number, "score"))


def refuse_tensors(request: Request) -> None:  # noqa: ARG001 - the interface
    """`POST /v2/.../infer`: a script has no tensors."""
    raise NotImplementedHere(
        "this revision runs scoring code, which has no tensors; use POST /score"
    )


def metadata(revision: ScriptRevision) -> dict[str, Any]:
    """What `/v2/models/NAME` says besides names and versions."""
    return {
        "platform": "python_script",
        "inputs": [],
        "outputs": [],
        "parameters": {
            "models": list(revision.models),
            "digest": revision.digest,
            "decisions": revision.decisions,
        },
    }
