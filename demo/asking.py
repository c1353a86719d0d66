"""Asking an endpoint with nothing but the standard library: scores by urllib, times over kept connections."""

import http.client
import json
import statistics
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Speed:
    """Requests per second over a number of connections, and the times of single requests in milliseconds."""

    connections: int
    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float


def score(url: str, rows: list[list[float]]) -> dict[str, Any]:
    """POST rows to `/score` and return the outputs by name."""
    body = json.dumps({"data": rows}).encode()
    request = urllib.request.Request(f"{url}/score", body, _JSON)  # noqa: S310 - our own endpoint
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        outputs: dict[str, Any] = json.load(answer)["result"]
        return outputs


def measure(url: str, row: list[float], connections: int, requests: int) -> Speed:
    """Send one row again and again over kept connections, each from a thread of this one Python process."""
    body = json.dumps({"data": [row]}).encode()
    times: list[float] = []
    each = requests // connections
    threads = [
        threading.Thread(target=_ask_often, args=(url, body, each, times))
        for _ in range(connections)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began
    if len(times) != each * connections:
        raise RuntimeError(f"only {len(times)} of {each * connections} requests were answered")
    cuts = statistics.quantiles(times, n=100)
    return Speed(connections, len(times), len(times) / took_s, cuts[49] * 1e3, cuts[98] * 1e3)


def _ask_often(url: str, body: bytes, count: int, times: list[float]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    for _ in range(count):
        began = time.perf_counter()
        connection.request("POST", "/score", body, _JSON)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"the endpoint answered {answer.status}")
        times.append(time.perf_counter() - began)
    connection.close()
