"""The program that onnxport starts in a converter's environment: `python -I run.py PACKAGE MODULE FILE FOLDER`.

It reads `job.json` in FOLDER, cuts itself off from the network where the job says so, limits itself, imports the converter, and leaves
`model.onnx`, the cases as `.npz`, and `result.json`, written last. Standard library and numpy only.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

# Source: <linux/sched.h>, <linux/prctl.h>.
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = (
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def main(package: str, module: str, file: str, folder: Path) -> None:
    """Do the job in `folder`."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    isolated = job["isolate"] != "no" and _leave_network()
    if job["isolate"] == "required" and not isolated:
        _write_result(folder, {"cannot_isolate": True})
        return
    _limit(job["memory_bytes"], job["cpu_s"])
    try:
        result = _convert(_load_converter(package, module, file), job, folder)
    except MemoryError:
        result = _error("memory", "", "")
    _write_result(folder, {**result, "isolated": isolated})


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


def _task(job: "dict[str, Any]", folder: Path) -> Any:
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


def _load_converter(package: str, module: str, file: str) -> Any:
    """Import the converter's file; of onnxport only what it asks for is imported, from its source files."""
    root = types.ModuleType("onnxport")
    root.__path__ = [package]
    sys.modules["onnxport"] = root
    spec = importlib.util.spec_from_file_location(module, file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    spec.loader.exec_module(loaded)
    return loaded.CONVERTER


def _read_sample(names: "list[str] | None", folder: Path) -> "dict[str, Any] | None":
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


def _write_arrays(path: Path, values: "list[Any]") -> None:
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


def _packages() -> "dict[str, str]":
    found = importlib.metadata.distributions()
    return {found.metadata["Name"]: found.version for found in found}


def _write_result(folder: Path, result: "dict[str, Any]") -> None:
    beside = folder / "result.json.part"
    beside.write_text(json.dumps(result), encoding="utf-8")
    beside.rename(folder / "result.json")


def _limit(memory_bytes: int, cpu_s: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Some systems have no limit of address space.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _leave_network() -> bool:
    """Go on in namespaces of our own: no network interface but an idle loopback, no other processes, no more rights than the user's."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    rest = _CLONE_NEWNET | _CLONE_NEWPID | _CLONE_NEWIPC
    if not hasattr(library, "unshare") or library.unshare(_CLONE_NEWUSER | rest) != 0:
        return False
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        (Path("/proc/self") / name).write_text(text)
    _go_on_as_first_process(library)
    return True


def _go_on_as_first_process(library: Any) -> None:
    """Fork: the child is the first process of the new namespace, and whatever it starts ends with it; the parent only waits."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)
    library.prctl(_PR_SET_PDEATHSIG, _SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
