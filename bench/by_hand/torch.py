"""PyTorch by hand: `python torch.py MODEL OUTPUT`, with the sample and the class that lie beside the model."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

source, output = Path(sys.argv[1]), sys.argv[2]


def example() -> tuple[torch.Tensor, ...]:
    """The sample's arrays in their order."""
    with np.load(source.with_suffix(".sample.npz")) as arrays:
        return tuple(torch.from_numpy(arrays[name]) for name in arrays.files)


def module() -> Any:
    """An instance of the class that is named beside the model."""
    said = json.loads(source.with_suffix(".options.json").read_text())["code"]
    spec = importlib.util.spec_from_file_location("nets", said["file"])
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, said["name"])(*said["positional"], **said["named"])


if source.suffix == ".pt2":
    torch.onnx.export(torch.export.load(source), (), output, dynamo=True, external_data=False)
elif source.suffix == ".ts":
    scripted = torch.jit.load(source).eval()
    torch.onnx.export(scripted, example(), output, dynamo=False, opset_version=20)
else:
    if source.with_suffix(".options.json").exists():
        model = module()
        state = load_file(source) if source.suffix == ".safetensors" else torch.load(source)
        model.load_state_dict(state.get("model", state))
    else:
        model = torch.load(source, weights_only=False)
    torch.onnx.export(model.eval(), example(), output, dynamo=True, external_data=False)
