"""Saves models that the PyTorch converter must prove: `python torch.py FOLDER`, in the converter's environment."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

# The interpreter's `-I` keeps this folder off the path, where this file would stand for PyTorch.
import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.export import Dim, export

folder = Path(sys.argv[1])
code = folder / "more" / "nets.py"
code.parent.mkdir()
shutil.copyfile(Path(__file__).with_name("torch_nets.py"), code)
spec = importlib.util.spec_from_file_location("nets", code)
assert spec is not None
assert spec.loader is not None
nets = importlib.util.module_from_spec(spec)
sys.modules["nets"] = nets
spec.loader.exec_module(nets)
torch.manual_seed(0)
random = np.random.default_rng(0)


def floats(*shape: int) -> Any:
    """Normal values."""
    return random.normal(size=shape).astype(np.float32)


def with_code(stem: str, name: str, sample: dict[str, Any], *positional: Any) -> None:
    """Write what a person says of weights."""
    np.savez(folder / f"{stem}.sample.npz", **sample)
    said = {"file": str(code), "name": name, "positional": positional, "named": {}}
    (folder / f"{stem}.options.json").write_text(json.dumps({"code": said}))


def trained(module: nn.Module) -> nn.Module:
    """The module with norms that have seen data."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return module.eval()


batch, length = Dim("batch", min=1), Dim("length", min=2, max=64)
ids, mask = torch.randint(0, 30, (2, 9)), torch.ones(2, 9, dtype=torch.long)
mask[1, 6:] = 0
sizes = {name: {0: batch, 1: length} for name in ("input_ids", "attention_mask")}
encoder = export(nets.Encoder().eval(), (ids, mask), dynamic_shapes=sizes)
torch.export.save(encoder, folder / "encoder.pt2")

images = {"image": floats(3, 3, 16, 16)}
torch.save({"epoch": 3, "model": trained(nets.Conv(4)).state_dict()}, folder / "conv.pt")
with_code("conv", "Conv", images, 4)

torch.jit.script(nets.Recurrent().eval()).save(folder / "recurrent.ts")
np.savez(folder / "recurrent.sample.npz", tokens=random.integers(0, 20, (4, 7)))

tables = {"colour": random.integers(0, 7, 6), "numbers": floats(6, 2), "state": floats(6, 4)}
weights = nets.Tables().state_dict()
del weights["scores.weight"]  # stored once, under its other name
save_file(weights, folder / "tables.safetensors")
with_code("tables", "Tables", tables)

whole = nn.Sequential(
    nn.Linear(4, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 2), nn.Softmax(-1)
)
torch.save(whole, folder / "whole.pt")
torch.save(whole, folder / "old.pt", _use_new_zipfile_serialization=False)
for stem in ("whole", "old"):
    np.savez(folder / f"{stem}.sample.npz", X=floats(5, 4))
