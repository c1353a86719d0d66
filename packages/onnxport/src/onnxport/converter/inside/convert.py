"""The task `convert`: the converter, imported in its environment, opens, converts and runs the model.

It leaves `model.onnx` and the cases as `.npz`. Standard library and numpy only, and Python 3.8.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from pathlib import Path
from typing import Any

from onnxport.converter.inside.arrays import read_arrays, write_arrays
from onnxport.converter.interface import Code, ConversionRefused, Job


def do(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What was made, or `error`: the stage at which it failed, and why."""
    converter = _load_converter(job["module"], job["file"])
    task = _task(job, folder)
    stage = "open"
    try:
        model = converter.open(task)
        stage = "export"
        exported = converter.export(model, task)
        (folder / "model.onnx").write_bytes(exported.onnx)
        stage = "reference"
        cases = [
            _write_case(folder, number, case)
            for number, case in enumerate(converter.reference(model, exported, task))
        ]
    except ConversionRefused as error:
        return _error(stage, error.message, error.remedy, refused=True)
    except MemoryError:
        raise
    except Exception as error:  # the framework's own errors, of any type
        return _error(stage, f"{type(error).__name__}: {' '.join(str(error).split())}"[:400], "")
    return {
        "outputs": [_plain(vars(output)) for output in exported.outputs],
        "inputs": list(exported.inputs),
        "framework_version": exported.framework_version,
        "remarks": list(exported.remarks),
        "gap": exported.gap,
        "cases": cases,
        "packages": _packages(),
    }


def _task(job: dict[str, Any], folder: Path) -> Any:
    code = job["code"]
    return Job(
        Path(job["source"]),
        job["kind"],
        job["remedy"],
        job["trusted"],
        _sample(job["sample"], folder),
        code and Code(Path(code["file"]), code["name"], tuple(code["positional"]), code["named"]),
        tuple(job["inputs"]),
        tuple(job["outputs"]),
        job["opset"],
    )


def _error(stage: str, message: str, remedy: str, *, refused: bool = False) -> dict[str, Any]:
    told = {"stage": stage, "message": message, "remedy": remedy, "refused": refused}
    return {"error": told}


def _load_converter(module: str, file: str) -> Any:
    spec = importlib.util.spec_from_file_location(module, file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    spec.loader.exec_module(loaded)
    return loaded.CONVERTER


def _sample(names: list[str] | None, folder: Path) -> dict[str, Any] | None:
    return None if names is None else read_arrays(folder / "sample.npz", names)


def _write_case(folder: Path, number: int, case: Any) -> dict[str, Any]:
    written = {"origin": case.origin, "batched": case.batched, "optional": case.optional}
    for side in ("inputs", "expected"):
        values = getattr(case, side)
        write_arrays(folder / f"case-{number}-{side}.npz", list(values.values()))
        written[side] = list(values)
    return written


def _plain(value: Any) -> Any:
    """The value with numpy's scalars as Python's, for JSON."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value.item() if hasattr(value, "item") else value


def _packages() -> dict[str, str]:
    found = importlib.metadata.distributions()
    return {found.metadata["Name"]: found.version for found in found}
