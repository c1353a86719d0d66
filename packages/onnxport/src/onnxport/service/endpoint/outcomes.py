"""One act on many endpoints: each has an outcome of its own, and a failure hides no other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from onnxport.errors import OnnxportError
from onnxport.registry.errors import EndpointNotFound
from onnxport.service.endpoint.store import EndpointStore

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What starting or stopping one endpoint came to; `error` is `None` where it worked."""

    name: str
    state: str
    url: str | None
    error: OnnxportError | None

    def to_json(self) -> dict[str, Any]:
        """The outcome for programs."""
        error = None
        if self.error is not None:
            error = {
                "code": self.error.code,
                "message": self.error.message,
                "remedy": self.error.remedy,
            }
        return {"name": self.name, "state": self.state, "url": self.url, "error": error}


def for_each(
    store: EndpointStore, names: Sequence[str], act: Callable[[str], None]
) -> Sequence[Outcome]:
    """Act on these endpoints, or on all; raises `EndpointNotFound` for a name that is none, before anything is done."""
    known = store.names()
    for name in names:
        if name not in known:
            raise EndpointNotFound(name, get_close_matches(name, known))

    def one(name: str) -> Outcome:
        try:
            act(name)
            view = store.view(name)
        except EndpointNotFound as error:
            return Outcome(name, "deleted", None, error if names else None)
        except OnnxportError as error:
            return Outcome(name, "failed", None, error)
        return Outcome(name, view.state, view.url, None)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, dict.fromkeys(names or known)))
