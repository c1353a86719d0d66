"""The server that people usually write for a model: the reference, on purpose without any care for speed."""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request

app = FastAPI()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["BENCH_MODEL"], options, providers=["CPUExecutionProvider"]
)
names = [output.name for output in session.get_outputs()]


@app.get("/")
def alive() -> str:
    return "Healthy"


@app.post("/score")
async def score(request: Request) -> dict[str, object]:
    body = await request.json()
    outputs = session.run(None, {"X": np.array(body["data"], np.float32)})
    return dict(zip(names, (output.tolist() for output in outputs), strict=True))
