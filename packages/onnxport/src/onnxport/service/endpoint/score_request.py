"""Asking a running endpoint: one `/score` request over HTTP, as any other program would send it."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from onnxport.errors import PlatformError, UserError


@dataclass(frozen=True, slots=True)
class ScoreAnswer:
    """What the endpoint answered, and in how many seconds, connection included."""

    status: int
    content_type: str
    body: bytes
    took_s: float
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def message(self) -> str:
        """What an error answer says."""
        try:
            document: Any = json.loads(self.body)
        except ValueError:
            return f"status {self.status}"
        error = document.get("error", document) if isinstance(document, dict) else document
        text = error.get("message", error) if isinstance(error, dict) else error
        return str(text)[:500]


class RequestRefused(UserError):
    """The endpoint or the model answered that the input is wrong."""

    code = "request_refused"

    def __init__(self, what: str, message: str, remedy: str) -> None:
        super().__init__(f"{what} refused the input: {message}", remedy)


class EndpointUnreachable(PlatformError):
    """A request that got no answer, or one that says that the endpoint failed."""

    code = "endpoint_unreachable"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"endpoint '{name}' did not answer: {why}",
            f"Look at its state and log: onnxport endpoint show {name}; onnxport logs {name}",
        )


def send_score(
    name: str, url: str, body: bytes, content_type: str, *, key: str | None, timeout_s: float
) -> ScoreAnswer:
    """POST a body to `/score`; raises `EndpointUnreachable` where there is no answer."""
    address = urlsplit(url)
    headers = {"Content-Type": content_type}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    began = time.perf_counter()
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=timeout_s)
    try:
        connection.request("POST", "/score", body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise EndpointUnreachable(name, str(error) or type(error).__name__) from error
    finally:
        connection.close()
    took_s = time.perf_counter() - began
    fields = tuple(answer.getheaders())
    return ScoreAnswer(answer.status, answer.getheader("Content-Type", ""), content, took_s, fields)
