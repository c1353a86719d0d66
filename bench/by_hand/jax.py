"""Flax by hand, through jax2onnx: `python jax.py MODEL OUTPUT`, with the sample and the class that lie beside the model."""

import importlib.util
import json
import sys
from pathlib import Path

import jax2onnx
import numpy as np
from flax import serialization

source, output = Path(sys.argv[1]), Path(sys.argv[2])
said = json.loads(source.with_suffix(".options.json").read_text())["code"]
spec = importlib.util.spec_from_file_location("modules", said["file"])
assert spec is not None
assert spec.loader is not None
loaded = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loaded)
module = getattr(loaded, said["name"])(*said["positional"], **said["named"])
held = serialization.msgpack_restore(source.read_bytes())
variables = held if "params" in held else {"params": held}
with np.load(source.with_suffix(".sample.npz")) as arrays:
    shapes = [("B", *arrays[name].shape[1:]) for name in arrays.files]
made = jax2onnx.to_onnx(lambda *inputs: module.apply(variables, *inputs), shapes)
output.write_bytes(made.SerializeToString())
