"""Ratchets of the path of a request: raise a number only together with the reason."""

import sys
from pathlib import Path
from types import FrameType

from fake.http_endpoint import build
from fake.onnx_files import save_identity
from fake.wire import Bench
from onnxport_serve.documents import Limits, Revision
from onnxport_serve.machine import Machine
from onnxport_serve.model.revision import load_revision

MOST_CALLS = 26
MOST_DEPTH = 10
REQUEST = build("POST", "/score", b'{"data": [[1.5, 2.5, 3.5, 4.5]]}')


def test_a_small_request_costs_few_python_calls(tmp_path: Path) -> None:
    """Calls of Python functions from the socket's bytes to the answer's, the codec's and the metrics' included."""
    bench = Bench()
    loaded = load_revision(
        Revision(1, "sha256:" + "0" * 64, "."),
        save_identity(tmp_path),
        tmp_path,
        endpoint_name="iris",
        limits=Limits(),
        machine=Machine(cpu_count=1),
    )
    bench.app.revisions[1] = loaded
    bench.app.apply(bench.app.state.spec)
    protocol, wire = bench.connect()
    protocol.data_received(REQUEST)
    calls: list[str] = []
    depth = deepest = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal depth, deepest
        if event == "call":
            calls.append(frame.f_code.co_qualname)
            depth += 1
            deepest = max(deepest, depth)
        elif event == "return":
            depth -= 1

    wire.written = b""
    sys.setprofile(count)
    try:
        protocol.data_received(REQUEST)
    finally:
        sys.setprofile(None)
    protocol.connection_lost(None)
    bench.close()

    assert wire.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(calls) <= MOST_CALLS, calls
    assert deepest <= MOST_DEPTH
