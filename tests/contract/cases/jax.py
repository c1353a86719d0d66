"""Saves models that the JAX converter must prove: `python jax.py FOLDER`, in the converter's environment."""

import importlib
import json
import sys
from pathlib import Path

import jax
import numpy as np
from flax import serialization

FOLDER = Path(sys.argv[1])
MORE = FOLDER / "more"
MORE.mkdir()
CODE = MORE / "modules.py"
CODE.write_text("""
import jax.numpy as jnp
from flax import linen as nn


class Perceptron(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.softmax(nn.Dense(3)(nn.gelu(nn.Dense(self.features)(x))))


class Pictures(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        x = nn.Conv(8, (3, 3), strides=2)(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train)(x))
        x = nn.max_pool(x, (3, 3), strides=(2, 2), padding="SAME")
        x = nn.avg_pool(x, (2, 2), strides=(2, 2))
        x = nn.Dropout(0.5, deterministic=not train)(x.reshape((x.shape[0], -1)))
        return nn.Dense(4)(x)


class Words(nn.Module):
    @nn.compact
    def __call__(self, ids, mask):
        x = nn.Embed(50, 16)(ids)
        x = x + nn.MultiHeadDotProductAttention(2)(nn.LayerNorm()(x), mask=mask[:, None, None, :] > 0)
        x = x + nn.Dense(16)(nn.silu(nn.Dense(32)(nn.RMSNorm()(x))))
        return {"kind": nn.log_softmax(nn.Dense(5)(x[:, 0])), "tokens": nn.Dense(50)(x)}


class Series(nn.Module):
    @nn.compact
    def __call__(self, x):
        forward = nn.RNN(nn.LSTMCell(8))(x)[:, -1]
        backward = nn.RNN(nn.GRUCell(8), reverse=True)(x)[:, 0]
        return nn.Dense(2)(jnp.concatenate([forward, backward], -1)), nn.sigmoid(nn.Dense(1)(forward))
""")
sys.path.append(str(MORE))
modules = importlib.import_module("modules")

random = np.random.default_rng(0)


def save(name: str, module: object, arguments: dict, sample: dict, *, only_params: bool) -> None:
    variables = module.init(jax.random.key(0), **sample)
    kept = variables["params"] if only_params else variables
    (FOLDER / f"{name}.msgpack").write_bytes(serialization.to_bytes(kept))
    np.savez(FOLDER / f"{name}.sample.npz", **sample)
    code = {"file": str(CODE), "name": type(module).__name__, "positional": [], "named": arguments}
    (FOLDER / f"{name}.options.json").write_text(json.dumps({"code": code}))


rows = random.normal(size=(4, 6)).astype(np.float32)
pictures = random.normal(size=(4, 16, 16, 3)).astype(np.float32)
ids = random.integers(0, 50, (4, 7)).astype(np.int32)
mask = np.ones((4, 7), np.float32)
series = random.normal(size=(4, 5, 3)).astype(np.float32)
save("perceptron", modules.Perceptron(16), {"features": 16}, {"x": rows}, only_params=True)
save("words", modules.Words(), {}, {"ids": ids, "mask": mask}, only_params=False)
save("series", modules.Series(), {}, {"x": series}, only_params=True)
state = modules.Pictures().init(jax.random.key(0), pictures, train=False)
state = {**state, "step": np.int32(7), "opt_state": {"count": np.int32(7)}}
(FOLDER / "pictures.msgpack").write_bytes(serialization.to_bytes(state))
np.savez(FOLDER / "pictures.sample.npz", x=pictures)
code = {"file": str(CODE), "name": "Pictures", "positional": [], "named": {}}
(FOLDER / "pictures.options.json").write_text(json.dumps({"code": code}))
