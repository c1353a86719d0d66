"""What one core does without a server: `python -m bench.reference MODEL BODY SECONDS` prints rates per CPU second.

R0: a bare `session.run` loop. R1: decode (orjson), run, encode (orjson), all in process.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import orjson


def main(file: str, body_file: str, seconds: str) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    body = Path(body_file).read_bytes()
    sample = np.array(orjson.loads(body)["data"], np.float32)

    def bare() -> None:
        session.run(None, {"X": sample})

    def whole() -> None:
        feeds = {"X": np.array(orjson.loads(body)["data"], np.float32)}
        outputs = dict(zip(names, session.run(None, feeds), strict=True))
        orjson.dumps(outputs, option=orjson.OPT_SERIALIZE_NUMPY)

    rates = {"r0": rate(bare, float(seconds)), "r1": rate(whole, float(seconds))}
    print(json.dumps(rates))


def rate(work: Callable[[], None], seconds: float) -> float:
    """Calls per CPU second: what others do on the machine disturbs it little."""
    for _ in range(3):
        work()
    count, begun, end = 0, time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(10):
            work()
        count += 10
    return count / (time.process_time() - begun)


if __name__ == "__main__":
    main(*sys.argv[1:])
