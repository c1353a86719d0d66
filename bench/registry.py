"""The registry: how fast a large model is registered, and how fast many versions are listed."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from onnxport.domain.model import ModelFile
from onnxport.registry.location import Location
from onnxport.registry.model_rows import NewVersion
from onnxport.registry.registry import Registry
from onnxport.workspace import Workspace

from bench.endpoint import fresh_environment
from bench.process import time_command
from bench.report import Report

PROGRAM = str(Path(sys.executable).parent / "onnxport")
_LARGE = 1_000_000_000
_VERSIONS = 10_000
_ROUNDS = 3
_PEAK_OF_CHILD = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=2); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def measure_registry(report: Report, folder: Path) -> None:
    """Registering 1 GB against `sha256sum` and `cp` on the same disk; listing 10,000 versions."""
    _measure_registering(report, folder)
    _measure_listing(report, folder)


def _measure_registering(report: Report, folder: Path) -> None:
    file = _make_large_model(folder / "large.onnx")
    ratios, seconds, peaks = [], [], []
    for number in range(_ROUNDS):
        plain = _time_plain_copy(file, folder / "copy.onnx")
        workspace = folder / f"large-{number}"
        took, peak = _time_register(file, workspace)
        shutil.rmtree(workspace)
        ratios.append(plain / took)
        seconds.append(took)
        peaks.append(peak)
    file.unlink()
    speed, peak = statistics.median(ratios), max(peaks)
    report.add(
        "registry: register a model of 1 GB",
        f"{statistics.median(seconds):.2f} s, peak memory {peak:.0f} MB",
        f"{speed:.2f} of the speed of sha256sum + cp (goal 0.8, and 100 MB)",
        speed >= 0.8 and peak < 100,
    )


def _measure_listing(report: Report, folder: Path) -> None:
    root = folder / "many"
    Workspace.open(root)
    _add_versions(root)
    command = [PROGRAM, "model", "list", "many", "--workspace", str(root)]
    seconds = time_command(command)
    report.add("registry: list 10,000 versions", f"{seconds:.2f} s", "(goal 0.3 s)", seconds < 0.3)


def _make_large_model(file: Path) -> Path:
    """A model with 1 GB of weights that do not compress, written in one pass."""
    block = os.urandom(1_000_000)
    weights = helper.make_tensor(
        "w", TensorProto.UINT8, [_LARGE], block * (_LARGE // len(block)), raw=True
    )
    graph = helper.make_graph(
        [helper.make_node("Gather", ["w", "x"], ["y"])],
        "large",
        [helper.make_tensor_value_info("x", TensorProto.INT64, ["N"])],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, ["N"])],
        [weights],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file
    )
    return file


def _time_plain_copy(file: Path, copy: Path) -> float:
    """Seconds of `sha256sum` and `cp`, with the bytes on the disk at the end, as a registration leaves them."""
    begun = time.perf_counter()
    subprocess.run(["sha256sum", str(file)], check=True, capture_output=True)
    subprocess.run(["cp", "--reflink=auto", str(file), str(copy)], check=True)
    subprocess.run(["sync", str(copy)], check=True)
    took = time.perf_counter() - begun
    copy.unlink()
    return took


def _time_register(file: Path, workspace: Path) -> tuple[float, float]:
    """Seconds and peak memory in MB of registering in a new workspace."""
    command = [PROGRAM, "model", "register", str(file), "--workspace", str(workspace)]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-S", "-c", _PEAK_OF_CHILD, *command],
        env=fresh_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - begun, int(done.stdout) * 1024 / 1e6


def _add_versions(root: Path) -> None:
    """Many versions of one model, without bytes: a listing looks at none."""
    models = Registry(Location.in_folder(root)).models
    version = NewVersion(
        name="many",
        files=(ModelFile("model.bin", 1, "ab" * 32),),
        framework="other",
        framework_version=None,
        main_file=None,
        signature=None,
    )
    for _ in range(_VERSIONS):
        models.add(version)
