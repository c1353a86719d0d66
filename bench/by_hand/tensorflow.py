"""TensorFlow by hand: `python tensorflow.py MODEL OUTPUT` calls tf2onnx's own command line."""

import json
import runpy
import sys
from pathlib import Path

source, output = Path(sys.argv[1]), sys.argv[2]
beside = source.with_suffix(".options.json")
said = json.loads(beside.read_text()) if beside.exists() else {}
option = {".pb": "--graphdef", ".meta": "--checkpoint", ".tflite": "--tflite"}.get(
    source.suffix, "--saved-model"
)
words = [option, str(source), "--opset", "18", "--output", output]
for name in ("inputs", "outputs"):
    if said.get(name):
        words += [f"--{name}", ",".join(said[name])]
sys.argv = ["tf2onnx.convert", *words]
runpy.run_module("tf2onnx.convert", run_name="__main__")
