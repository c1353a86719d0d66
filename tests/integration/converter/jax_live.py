# ruff: noqa: E402 - onnxport's folder is put in its place first
"""Gives functions and modules of a process with JAX to the converter: `python jax_live.py PACKAGE FOLDER`, in its environment; prints JSON."""

import json
import sys
import types
from pathlib import Path

root = types.ModuleType("onnxport")
root.__path__ = [sys.argv[1]]
sys.modules["onnxport"] = root

import jax
import jax.numpy as jnp
import numpy as np
import onnxruntime
from flax import linen, nnx
from onnxport.converter.interface import ConversionRefused
from onnxport.converter.jax import CONVERTER


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.inner = nnx.Linear(6, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.drop(nnx.relu(self.norm(self.inner(x))))


def told(model: object, example: object) -> dict:
    """What the conversion gives: the worst difference, the names, how many rows were tried; or the refusal."""
    if not CONVERTER.takes(model):
        return {"taken": False}
    try:
        live = CONVERTER.save(model, example, Path(sys.argv[2]))
    except ConversionRefused as error:
        return {"refused": error.message, "remedy": error.remedy}
    session = onnxruntime.InferenceSession(live.exported.onnx, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in live.exported.outputs]
    worst = 0.0
    for case in live.cases:
        got = session.run(outputs, dict(case.inputs))
        for name, values in zip(outputs, got, strict=True):
            worst = max(worst, float(np.abs(values - case.expected[name]).max(initial=0.0)))
    return {
        "worst": worst,
        "inputs": [given.name for given in session.get_inputs()],
        "outputs": outputs,
        "rows": [len(next(iter(case.inputs.values()))) for case in live.cases],
        "packages": [package.partition("==")[0] for package in live.packages],
    }


rows = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)
weights = jnp.ones((6, 2))
net = Net(nnx.Rngs(0))
dense = linen.Dense(3)
bound = dense.bind(dense.init(jax.random.key(0), rows))
answers = {
    "lambda": told(lambda x: jnp.tanh(x @ weights), rows),
    "jit": told(jax.jit(lambda a, b: {"sum": a + b, "product": a * b}), (rows, rows)),
    "nnx": told(net, rows),
    "bound": told(bound, {"inputs": rows}),
    "unbound": told(dense, rows),
    "fixed": told(lambda x: jnp.linspace(0, 1, int(x.shape[0]))[:, None] * x, rows),
    "values": told(lambda x: x if x.sum() > 0 else -x, rows),
    "nothing": told(lambda x: x, None),
    "array": told(rows, rows),
}
answers["still training"] = not net.drop.deterministic
print(json.dumps(answers))
