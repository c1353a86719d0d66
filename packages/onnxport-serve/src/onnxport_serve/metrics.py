"""Counts and times of one serving process, and their Prometheus text form.

Plain lists instead of a client library: one observation is a bisection and two additions, about 0.1 µs.
Source of the format: Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (
    0.00005,
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
)
STAGES = ("decode", "queue", "run", "encode")
Labels = tuple[tuple[str, str], ...]


class Histogram:
    """Seconds, counted by `BOUNDS`."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class RunSeries:
    """What is measured of the successful requests of one revision through one protocol."""

    __slots__ = ("decode", "encode", "queue", "request", "run")

    def __init__(self) -> None:
        self.request = Histogram()
        self.decode = Histogram()
        self.queue = Histogram()
        self.run = Histogram()
        self.encode = Histogram()

    def record(
        self, request: float, decode: float, queue: float, run: float, encode: float
    ) -> None:
        """Count one request and its stages; written out because it is on the path of every request."""
        one = self.request
        one.counts[bisect_left(BOUNDS, request)] += 1
        one.total += request
        one = self.decode
        one.counts[bisect_left(BOUNDS, decode)] += 1
        one.total += decode
        one = self.queue
        one.counts[bisect_left(BOUNDS, queue) if queue else 0] += 1
        one.total += queue
        one = self.run
        one.counts[bisect_left(BOUNDS, run)] += 1
        one.total += run
        one = self.encode
        one.counts[bisect_left(BOUNDS, encode)] += 1
        one.total += encode


class Metrics:
    """Everything that one serving process counts; it outlives a change of weights, keys and limits.

    Args:
        endpoint: the endpoint's name.
        models: the registered model's name by revision.
    """

    def __init__(self, endpoint: str, models: dict[int, str]) -> None:
        self._endpoint = endpoint
        self._models = models
        self._runs: dict[tuple[int, str], RunSeries] = {}
        self._failed: dict[tuple[int, str, int], Histogram] = {}
        self._requests: dict[tuple[str, int], int] = {}
        self._rejected: dict[str, int] = {}
        self.request_bytes = 0
        self.response_bytes = 0
        self._nonfinite: dict[int, int] = {}

    def series(self, version: int, protocol: str) -> RunSeries:
        """The series of a revision and protocol; looked up once, when routes are compiled."""
        return self._runs.setdefault((version, protocol), RunSeries())

    def count_request(self, protocol: str, status: int) -> None:
        """Count an answer that no revision had a part in; the others are in their series."""
        key = (protocol, status)
        self._requests[key] = self._requests.get(key, 0) + 1

    def count_rejection(self, reason: str) -> None:
        """Count a request that was refused before a run; `reason` is the error's code."""
        self._rejected[reason] = self._rejected.get(reason, 0) + 1

    def observe_failure(self, version: int, protocol: str, status: int, seconds: float) -> None:
        """Count the duration of a scoring request that reached a revision and failed."""
        key = (version, protocol, status)
        histogram = self._failed.get(key)
        if histogram is None:
            histogram = self._failed[key] = Histogram()
        histogram.observe(seconds)

    def count_nonfinite(self, version: int, count: int) -> None:
        """Count values of an answer that JSON could only give as `null`."""
        self._nonfinite[version] = self._nonfinite.get(version, 0) + count

    def render(self, *, in_flight: int, connections: int, version: str) -> bytes:
        """The text that `GET /metrics` answers with."""
        lines = [
            *self._duration_lines(),
            *self._stage_lines(),
            *self._count_lines(),
            *self._gauge("onnxport_requests_in_flight", "Requests waiting or running", in_flight),
            *self._gauge("onnxport_connections", "Open connections", connections),
            *_process_lines(),
            "# HELP onnxport_build_info The version that serves",
            "# TYPE onnxport_build_info gauge",
            _sample("onnxport_build_info", (("version", version),), 1),
        ]
        return ("\n".join(lines) + "\n").encode()

    def _labels(self, version: int) -> Labels:
        model = self._models.get(version, "")
        return (("endpoint", self._endpoint), ("model", model), ("version", str(version)))

    def _duration_lines(self) -> Iterator[str]:
        name = "onnxport_request_duration_seconds"
        yield f"# HELP {name} From the last byte of a request to its answer"
        yield f"# TYPE {name} histogram"
        for (version, protocol), series in self._runs.items():
            labels = (*self._labels(version), ("protocol", protocol), ("code", "200"))
            yield from _histogram(name, labels, series.request)
        for (version, protocol, status), histogram in self._failed.items():
            labels = (*self._labels(version), ("protocol", protocol), ("code", str(status)))
            yield from _histogram(name, labels, histogram)

    def _stage_lines(self) -> Iterator[str]:
        name = "onnxport_stage_duration_seconds"
        yield f"# HELP {name} Stages of successful requests: {', '.join(STAGES)}"
        yield f"# TYPE {name} histogram"
        for (version, protocol), series in self._runs.items():
            for stage in STAGES:
                labels = (*self._labels(version), ("protocol", protocol), ("stage", stage))
                yield from _histogram(name, labels, getattr(series, stage))

    def _count_lines(self) -> Iterator[str]:
        endpoint = ("endpoint", self._endpoint)
        name = "onnxport_requests_total"
        yield from _heading(name, "Answers by protocol and status code", "counter")
        for (protocol, status), count in sorted(self._all_requests().items()):
            yield _sample(name, (endpoint, ("protocol", protocol), ("code", str(status))), count)
        name = "onnxport_rejected_total"
        yield from _heading(name, "Requests refused before a run, by reason", "counter")
        for reason, count in sorted(self._rejected.items()):
            yield _sample(name, (endpoint, ("reason", reason)), count)
        name = "onnxport_nonfinite_total"
        yield from _heading(name, "NaN and infinities written as null into JSON answers", "counter")
        for version, count in sorted(self._nonfinite.items()):
            yield _sample(name, self._labels(version), count)
        for name, what, count in (
            ("onnxport_request_body_bytes_total", "Bytes of scored bodies", self.request_bytes),
            ("onnxport_response_body_bytes_total", "Bytes of their answers", self.response_bytes),
        ):
            yield from _heading(name, what, "counter")
            yield _sample(name, (endpoint,), count)

    def _all_requests(self) -> dict[tuple[str, int], int]:
        counts = dict(self._requests)
        for (_, protocol), series in self._runs.items():
            done = sum(series.request.counts)
            if done:
                counts[protocol, 200] = counts.get((protocol, 200), 0) + done
        for (_, protocol, status), histogram in self._failed.items():
            counts[protocol, status] = counts.get((protocol, status), 0) + sum(histogram.counts)
        return counts

    def _gauge(self, name: str, what: str, value: float) -> Iterator[str]:
        yield from _heading(name, what, "gauge")
        yield _sample(name, (("endpoint", self._endpoint),), value)


def _heading(name: str, what: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {what}", f"# TYPE {name} {kind}"


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _histogram(name: str, labels: Labels, histogram: Histogram) -> Iterator[str]:
    seen = 0
    for bound, count in zip((*BOUNDS, float("inf")), histogram.counts, strict=True):
        seen += count
        edge = "+Inf" if bound == float("inf") else f"{bound:g}"
        yield _sample(f"{name}_bucket", (*labels, ("le", edge)), seen)
    yield _sample(f"{name}_sum", labels, round(histogram.total, 9))
    yield _sample(f"{name}_count", labels, seen)


def _process_lines() -> Iterator[str]:
    """The usual process metrics, under their usual names."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    values = {
        "process_cpu_seconds_total": ("counter", usage.ru_utime + usage.ru_stime),
        "process_start_time_seconds": ("gauge", _START_TIME),
        "process_resident_memory_bytes": ("gauge", _resident_bytes(usage)),
        "process_open_fds": ("gauge", _open_descriptors()),
    }
    for name, (kind, value) in values.items():
        if value is not None:
            yield f"# TYPE {name} {kind}"
            yield f"{name} {value}"


def _resident_bytes(usage: resource.struct_rusage) -> int:
    """Memory now where the system says it, else at its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_descriptors() -> int | None:
    try:
        folder = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")
        return sum(1 for _ in folder.iterdir()) - 1
    except OSError:
        return None


_START_TIME = round(time.time(), 3)
