"""Saves PyTorch models that must be refused, or converted in a special way: `python torch_models.py FOLDER MARK PACKAGE`.

Runs in the converter's environment. The hostile ones write MARK when code of theirs runs. PACKAGE is onnxport's source: live modules are put into
files with the converter's own `save`.
"""

import argparse
import io
import json
import sys
import types
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.export import Dim, export

folder, mark = Path(sys.argv[1]), Path(sys.argv[2])
root = types.ModuleType("onnxport")
root.__path__ = [sys.argv[3]]
sys.modules["onnxport"] = root
sys.path.append(str(Path(__file__).parent))
import torch_nets  # noqa: E402 - the folder is not on the path before
from torch_nets import Branch, Dead, Fixed, Gamma, Named  # noqa: E402 - as above

torch.manual_seed(0)
batch = Dim("batch", min=1)
x = torch.randn(4, 4)


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Copy a zip with other bytes in its members."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))


class Bomb:
    """Writes the mark when it is unpickled."""

    def __reduce__(self) -> Any:
        return Path.write_text, (mark, "ran")


def pickled(value: Any) -> bytes:
    """What `torch.save` gives."""
    written = io.BytesIO()
    torch.save(value, written)
    return written.getvalue()


net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).eval()
plain = folder / "plain.pt2"
torch.export.save(export(net, (x,), dynamic_shapes=({0: batch},)), plain)
torch.export.save(export(Dead().eval(), (x,)), folder / "dead.pt2")
torch.export.save(export(Gamma(), (x,)), folder / "gamma.pt2")
noisy = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5)).train()
torch.export.save(export(noisy, (x,)), folder / "training.pt2")
double = nn.Sequential(nn.Conv1d(2, 3, 2), nn.Flatten()).double().eval()
torch.export.save(export(double, (x.double().reshape(4, 2, 2),)), folder / "double.pt2")
torch.export.save(export(net, (x,)), folder / "fixed.pt2")
torch.jit.script(Branch()).save(folder / "branch.ts")
torch.save(Fixed().state_dict(), folder / "fixed.pt")
torch.save(Branch().state_dict(), folder / "decides.pt")
others = {"hyper": argparse.Namespace(lr=1), "bomb": Bomb()}
wrapped = {f"model.module.{name}": value for name, value in Fixed().state_dict().items()}
torch.save({"state_dict": wrapped, **others}, folder / "checkpoint.pt")
torch.save({"a.weight": torch.ones(2, 2)}, folder / "misfit.pt")
torch.save(
    {name: value.to("meta") for name, value in Fixed().state_dict().items()}, folder / "meta.pt"
)
torch.save(Fixed(), folder / "whole.pt")

WRITE = f"import pathlib; pathlib.Path({str(mark)!r}).write_text({'ran'!r})"
SIZE = f"exec({WRITE!r})"


def evil_size(name: str, body: bytes) -> bytes:
    """A size that is code."""
    if not name.endswith("models/model.json"):
        return body
    document = json.loads(body)

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: SIZE if k == "expr_str" else changed(v) for k, v in value.items()}
        return [changed(entry) for entry in value] if isinstance(value, list) else value

    return json.dumps(changed(document)).encode()


def evil_operator(name: str, body: bytes) -> bytes:
    """An operator that is any function that PyTorch has imported."""
    is_model = name.endswith("models/model.json")
    return body.replace(b"torch.ops.aten.tanh.default", b"torch.os.system") if is_model else body


def evil_example(name: str, body: bytes) -> bytes:
    """An example input that runs code when it is unpickled."""
    return pickled(((Bomb(),), {})) if name.endswith("sample_inputs/model.pt") else body


for stem, change in (("size", evil_size), ("operator", evil_operator), ("example", evil_example)):
    rewritten(plain, folder / f"evil-{stem}.pt2", change)
mark.unlink(missing_ok=True)

for stem in ("Steps", "States", "ByName", "Drawn"):
    torch.save(getattr(torch_nets, stem)().state_dict(), folder / f"{stem.lower()}.pt")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    quantised = torch.ao.quantization.quantize_dynamic(Dead(), {nn.Linear}, dtype=torch.qint8)
torch.save(quantised.state_dict(), folder / "quantised.pt")
torch.save(quantised.first, folder / "whole-quantised.pt")

from onnxport.converter.torch import CONVERTER  # noqa: E402 - the package is made above

(folder / "more" / "half").mkdir(parents=True)
live = Named().train()
live.words.eval()
example = {"ids": torch.randint(0, 9, (3, 5)), "mask": np.ones((3, 5), np.float32)}
flags = [part.training for part in live.modules()]
made = CONVERTER.save(live, example, folder / "more")
assert flags == [part.training for part in live.modules()]
assert CONVERTER.takes(live)
assert not CONVERTER.takes(example)
case = made.cases[0]
np.savez(folder / "more" / "expected.npz", **case.expected)
np.savez(folder / "more" / "sample.npz", **case.inputs)
half = CONVERTER.save(nn.Linear(4, 2).half(), x, folder / "more" / "half")
told: dict[str, Any] = {
    "kind": made.kind.name,
    "source": str(made.source),
    "half": str(half.source),
}
told["half_remarks"] = half.remarks
(folder / "more" / "live.json").write_text(json.dumps(told))
