"""The program that onnxport starts in a converter's environment: `python -s run.py PACKAGE MODULE FILE FOLDER`.

It reads `job.json` in FOLDER, shuts itself in where the job says so, limits itself, imports the converter, and leaves `model.onnx`, the
cases as `.npz`, and `result.json`, written last. Standard library and numpy only, and Python 3.8.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

HELD = "onnxport holds: "
"""What stands before the names of the protections that hold, in the first line of the output."""

_MOST_PROCESSES = 4096


def main(package: str, module: str, file: str, folder: Path) -> None:
    """Do the job in `folder`."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    _make_importable(package)
    held = _shut_in(job, package, file, folder)
    # Said before anything of the model runs: what it says later cannot come before it.
    print(HELD + json.dumps(held), flush=True)
    if not set(job["required"]) <= set(held):
        return
    _limit(job["memory_bytes"], job["disk_bytes"], job["cpu_s"], alone="processes" in held)
    try:
        result = _convert(_load_converter(module, file), job, folder)
    except MemoryError:
        result = _error("memory", "", "")
    _write_result(folder, result)


def _convert(converter: Any, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    from onnxport.converter.interface import ConversionRefused

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
        "cases": cases,
        "packages": _packages(),
    }


def _task(job: dict[str, Any], folder: Path) -> Any:
    from onnxport.converter.interface import Code, Job

    code = job["code"]
    return Job(
        Path(job["source"]),
        job["kind"],
        job["remedy"],
        job["trusted"],
        _read_sample(job["sample"], folder),
        code and Code(Path(code["file"]), code["name"], tuple(code["positional"]), code["named"]),
        tuple(job["inputs"]),
        tuple(job["outputs"]),
        job["opset"],
    )


def _error(stage: str, message: str, remedy: str, *, refused: bool = False) -> dict[str, Any]:
    told = {"stage": stage, "message": message, "remedy": remedy, "refused": refused}
    return {"error": told}


def _make_importable(package: str) -> None:
    """Of onnxport only what is asked for is imported, from its source files."""
    root = types.ModuleType("onnxport")
    root.__path__ = [package]
    sys.modules["onnxport"] = root


def _shut_in(job: dict[str, Any], package: str, file: str, folder: Path) -> list[str]:
    from onnxport.converter.inside import sandbox
    from onnxport.converter.inside.readable import readable

    sandbox.end_with(job["parent"])
    # Where the machine's memory runs out, this goes first, and nothing else of the user's.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    if not job["shut_in"]:
        return []
    return sandbox.shut_in(folder, [*readable(package, file), *job["readable"]])


def _load_converter(module: str, file: str) -> Any:
    spec = importlib.util.spec_from_file_location(module, file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    spec.loader.exec_module(loaded)
    return loaded.CONVERTER


def _read_sample(names: list[str] | None, folder: Path) -> dict[str, Any] | None:
    if names is None:
        return None
    import numpy as np

    with np.load(folder / "sample.npz", allow_pickle=False) as arrays:
        return {name: arrays[f"a{position}"] for position, name in enumerate(names)}


def _write_case(folder: Path, number: int, case: Any) -> dict[str, Any]:
    written = {"origin": case.origin, "batched": case.batched, "optional": case.optional}
    for side in ("inputs", "expected"):
        values = getattr(case, side)
        _write_arrays(folder / f"case-{number}-{side}.npz", list(values.values()))
        written[side] = list(values)
    return written


def _write_arrays(path: Path, values: list[Any]) -> None:
    import numpy as np

    arrays = [np.asarray(value) for value in values]
    plain = [array.astype(str) if array.dtype == object else array for array in arrays]
    named: Any = {f"a{position}": array for position, array in enumerate(plain)}
    np.savez(path, **named)


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


def _write_result(folder: Path, result: dict[str, Any]) -> None:
    beside = folder / "result.json.part"
    beside.write_text(json.dumps(result), encoding="utf-8")
    beside.rename(folder / "result.json")


def _limit(memory_bytes: int, disk_bytes: int, cpu_s: int, *, alone: bool) -> None:
    """Limit this process and what it starts; `alone` says that no other process of the user counts among its own."""
    import resource

    wanted = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: disk_bytes,
        resource.RLIMIT_AS: memory_bytes,
    }
    if alone and _kernel() >= (5, 14):
        # Older kernels count the user's other processes too.
        wanted[resource.RLIMIT_NPROC] = _MOST_PROCESSES
    for kind, most in wanted.items():
        # Some systems have no limit of address space, and nobody may raise what is lower already.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def _kernel() -> tuple[int, int]:
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


if __name__ == "__main__":
    # Beside this file stand folders that are named as the frameworks are.
    del sys.path[0]
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
