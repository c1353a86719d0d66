"""The golden request: one that a fresh revision must answer before it gets traffic, and that says how long a run takes.

A sample that the user or a proof gave gates the deployment. Without one, a request is generated within what the signature states; the
model may refuse it for reasons that a signature cannot express, so that is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import orjson
from onnxruntime import OrtValue

from onnxport_serve.codec import Answer, Call, ModelCodec
from onnxport_serve.codec.example import generate_feeds, score_body
from onnxport_serve.documents import BundleSample
from onnxport_serve.errors import LoadError, RequestError
from onnxport_serve.model.runner import Execution, failure
from onnxport_serve.signature import Signature

_MOST_RUNS = 7
_MOST_TIME_S = 0.25
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Golden:
    """What the golden request told.

    Args:
        call: the decoded request; `None` where none could be made.
        answer_bytes: size of the body of its answer.
        seconds: median duration of its run; `None` when it failed.
        example: it as the JSON value of a `/score` body, if it is JSON.
        example_answer: the JSON value of its answer, if that is JSON.
        warning: why a generated one was refused.
    """

    call: Any = None
    answer_bytes: int = 0
    seconds: float | None = None
    example: Any = None
    example_answer: Any = None
    warning: str | None = None


def ask(codec: ModelCodec, execution: Execution, body: bytes, content_type: str) -> Golden:
    """Send one request through decoder, session and encoder; raises `RequestError`, or what ONNX Runtime raises."""
    call = codec.decode_score(body, content_type.encode())
    answer = call.encode(execution(call), "1")
    return Golden(
        call=call,
        answer_bytes=len(answer.body),
        seconds=measure(execution, call),
        example=orjson.loads(body) if content_type.startswith(_JSON) else None,
        example_answer=(
            orjson.loads(answer.body) if answer.content_type.startswith(_JSON.encode()) else None
        ),
    )


def ask_sample(
    codec: ModelCodec, execution: Execution, sample: BundleSample, bundle: Path
) -> Golden:
    """Answer the bundle's sample; raises `LoadError` where it gates and is refused."""
    body = (bundle / sample.path).read_bytes()
    try:
        return ask(codec, execution, body, sample.content_type)
    except Exception as error:
        reason = _reason(error)
        if sample.origin == "generated":
            return Golden(warning=f"the generated golden request was refused: {reason}")
        raise LoadError(
            "sample_refused",
            f"the {'given' if sample.origin == 'user' else 'proven'} sample was refused: {reason}",
            "Give a sample that the model takes, or correct the model.",
        ) from error


def ask_generated(codec: ModelCodec, execution: Execution, signature: Signature) -> Golden:
    """Answer a request made from the signature; a refusal is a warning."""
    try:
        feeds = generate_feeds(signature)
        body = score_body(signature, feeds)
        if body is None:
            call = _typed_call(feeds)
            execution(call)
            return Golden(call=call, seconds=measure(execution, call))
        return ask(codec, execution, orjson.dumps(body), _JSON)
    except Exception as error:
        return Golden(warning=f"the generated golden request was refused: {_reason(error)}")


def _typed_call(feeds: dict[str, Any]) -> Call:
    """A run of values that JSON cannot express; its outputs are not encoded."""
    values = {
        name: value
        if isinstance(value, OrtValue)
        else OrtValue.ortvalue_from_numpy(np.asarray(value))
        for name, value in feeds.items()
    }
    size = sum(prod(value.shape()) for value in values.values())
    return Call(values, None, size, _no_answer, typed=True, wants_typed_outputs=True)


def _no_answer(outputs: list[Any], version: str) -> Answer:  # noqa: ARG001 - the encoder's interface
    return Answer(b"")


def measure(execution: Execution, call: Any) -> float:
    """The median duration of a few more runs, in seconds."""
    times: list[float] = []
    while len(times) < _MOST_RUNS and sum(times) < _MOST_TIME_S:
        begun = perf_counter()
        execution(call)
        times.append(perf_counter() - begun)
    return median(times)


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, RequestError) else failure(error).message
