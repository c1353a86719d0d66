"""The values that pass between the codec and the app: one decoded request, one encoded answer."""

from collections.abc import Callable
from typing import Any

from onnxport_serve.errors import Headers

JSON = b"application/json"
OCTETS = b"application/octet-stream"


class Answer:
    """The body of an answer.

    Args:
        body: its bytes.
        content_type: `application/json`, or `application/octet-stream` for binary tensors.
        headers: response headers that belong to the form, names in lower case.
        nonfinite: how many NaN and infinities were written as `null`.
    """

    __slots__ = ("body", "content_type", "headers", "nonfinite")

    def __init__(
        self,
        body: bytes,
        content_type: bytes = JSON,
        headers: Headers = (),
        nonfinite: int = 0,
    ) -> None:
        self.body = body
        self.content_type = content_type
        self.headers = headers
        self.nonfinite = nonfinite


Encoder = Callable[[list[Any], str], Answer]
"""Outputs in the order of `Call.outputs`, and the revision's version, to the answer."""


class Call:
    """One request for a run.

    Args:
        feeds: input name to array, list or dict; `OrtValue` for types that NumPy lacks. May refer to the request's body.
        outputs: the outputs to compute; `None` for all, in graph order.
        size: elements of all inputs together.
        typed: whether feeds hold an `OrtValue` (`InferenceSession.run` takes them beside arrays).
        wants_typed_outputs: whether `encode` needs outputs as `OrtValue`; all feeds are then `OrtValue`, for
            `InferenceSession.run_with_ort_values`.
        encoder: what `encode` does.
    """

    __slots__ = ("_encoder", "feeds", "outputs", "size", "typed", "wants_typed_outputs")

    def __init__(
        self,
        feeds: dict[str, Any],
        outputs: list[str] | None,
        size: int,
        encoder: Encoder,
        *,
        typed: bool = False,
        wants_typed_outputs: bool = False,
    ) -> None:
        self.feeds = feeds
        self.outputs = outputs
        self.size = size
        self.typed = typed
        self.wants_typed_outputs = wants_typed_outputs
        self._encoder = encoder

    def encode(self, outputs: list[Any], version: str) -> Answer:
        """The answer in the form that the request asked for; `outputs` in the order of `self.outputs`."""
        return self._encoder(outputs, version)
