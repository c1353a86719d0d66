"""One generation, compiled: everything about a request that does not depend on its body."""

from __future__ import annotations

from collections.abc import Mapping

from onnxport_serve.auth import Keyring
from onnxport_serve.documents import EndpointSpec
from onnxport_serve.errors import BadRequest, NotFound
from onnxport_serve.known import KnownHeads
from onnxport_serve.origin import OriginGuard
from onnxport_serve.request import Request, decode_path
from onnxport_serve.response import printable
from onnxport_serve.route import Route
from onnxport_serve.served import ServedRevision

_MODELS = b"/v2/models/"


class State:
    """Limits, keys, guards and routes of one generation; replaced as a whole, never changed once requests see it."""

    __slots__ = (
        "guard",
        "keyring",
        "known",
        "limits",
        "name",
        "revisions",
        "routes",
        "runs_script",
        "spec",
    )

    def __init__(self, spec: EndpointSpec, revisions: Mapping[int, ServedRevision]) -> None:
        self.spec = spec
        self.name = spec.name
        self.limits = spec.limits
        self.keyring = Keyring(spec.keys)
        self.guard = OriginGuard(spec.http, spec.listen.host)
        self.revisions = dict(sorted(revisions.items()))
        self.runs_script = self.main_revision.kind == "script"
        """Whether the endpoint's errors have Azure ML's bare form."""
        self.known = (KnownHeads(), KnownHeads())
        """Heads seen before, through TCP and through the Unix socket."""
        self.routes: dict[bytes, Route] = {}
        """By path, as it stands in most requests: nothing escaped, no query."""

    @property
    def main_revision(self) -> ServedRevision:
        """The one with the largest weight, the newest among equals: what the contract describes."""
        weights = self.spec.weights
        number = max(self.revisions, key=lambda number: (weights.get(number, 0), number))
        return self.revisions[number]

    def lookup(self, target: bytes) -> Route | None:
        """The route of a target with a query or escapes."""
        if target == b"*":
            return self.routes[b"/"]
        path = decode_path(target)
        return None if path is None else self.routes.get(path)

    def find(self, request: Request) -> Route:
        """The route of any request target; raises `NotFound` with what would be right."""
        route = self.lookup(request.target)
        if route is not None:
            return route
        path = decode_path(request.target)
        if path is None:
            raise BadRequest("the path has a '%' that is not followed by two hex digits")
        if path.startswith(_MODELS):
            self._explain_model(path)
        raise NotFound("there is no such route; GET /openapi.json lists them, GET /docs shows them")

    def _explain_model(self, path: bytes) -> None:
        name, *rest = path[len(_MODELS) :].split(b"/")
        if name != self.name.encode():
            raise NotFound(f"this endpoint serves the model '{self.name}', not '{printable(name)}'")
        if len(rest) >= 2 and rest[0] == b"versions":
            loaded = ", ".join(str(number) for number in self.revisions)
            number = printable(rest[1], 20)
            if number not in loaded.split(", "):
                raise NotFound(
                    f"version '{number}' of '{self.name}' is not loaded; loaded: {loaded}"
                )
