"""Metrics: counts go to the right bucket, and the text is what Prometheus reads."""

import re

from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.metrics import BOUNDS, Histogram, Metrics

SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(\{([a-z]+="(\\.|[^"\\\n])*"(,[a-z]+="(\\.|[^"\\\n])*")*)?\})? -?[0-9.e+-]+'
)


@given(st.lists(st.floats(0, 100), max_size=30))
def test_a_histogram_counts_each_duration_once(seconds: list[float]) -> None:
    histogram = Histogram()
    for value in seconds:
        histogram.observe(value)

    assert len(seconds) == sum(histogram.counts)
    for index, bound in enumerate(BOUNDS):
        assert sum(value <= bound for value in seconds) == sum(histogram.counts[: index + 1])


def test_stages_and_the_whole_are_recorded_together() -> None:
    metrics = Metrics("iris", {1: "iris"})
    metrics.series(1, "score").record(1.0, 0.1, 0.2, 0.3, 0.4)
    text = metrics.render(in_flight=0, connections=0, version="1")

    for stage, seconds in (("decode", 0.1), ("queue", 0.2), ("run", 0.3), ("encode", 0.4)):
        assert f'stage="{stage}"}} {seconds}\n'.encode() in text
    assert b'code="200"} 1.0\n' in text


def test_every_line_is_a_comment_or_a_sample_of_a_known_type() -> None:
    metrics = Metrics("iris", {1: 'odd "name"\\\n'})
    metrics.series(1, "score").record(0.1, 0.1, 0.0, 0.1, 0.1)
    metrics.observe_failure(1, "v2", 500, 0.2)
    metrics.count_request("http", 404)
    metrics.count_rejection("not_found")
    metrics.count_nonfinite(1, 3)
    lines = metrics.render(in_flight=1, connections=2, version="0.1").decode().splitlines()

    typed = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    samples = [SAMPLE.fullmatch(line) for line in lines if not line.startswith("#")]
    assert None not in samples
    names = {re.sub("_(bucket|sum|count)$", "", found["name"]) for found in samples if found}
    assert set() == names - typed
    assert len(lines) == len(set(lines))
