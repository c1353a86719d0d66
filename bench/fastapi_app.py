"""The server that people usually write for a model: the reference, on purpose without any care for speed."""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["BENCH_MODEL"], options, providers=["CPUExecutionProvider"]
)
names = [output.name for output in session.get_outputs()]


class Body(BaseModel):
    data: list  # type: ignore[type-arg]


@app.get("/")
def alive() -> str:
    return "Healthy"


@app.post("/score")
def score(body: Body) -> dict:  # type: ignore[type-arg]
    outputs = session.run(None, {"X": np.array(body.data, np.float32)})
    return dict(zip(names, (output.tolist() for output in outputs), strict=True))
