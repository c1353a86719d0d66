"""The same scoring script behind onnxport and behind Azure ML's own server, in the same environment."""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.endpoint import Served, serve_ours, wait_for_answer
from bench.models import Case

VENDOR = ["azureml-inference-server-http==1.5.1", "numpy", "onnxruntime"]
_HEAD = """
import json
import os
import numpy as np
import onnxruntime

def find_model():
    folder = os.environ["AZUREML_MODEL_DIR"]
    (name,) = [name for name in os.listdir(folder) if name.endswith(".onnx")]
    return os.path.join(folder, name)
"""
SESSION_IN_INIT = (
    _HEAD
    + """
def init():
    global session
    session = onnxruntime.InferenceSession(find_model())

def run(raw_data):
    data = np.array(json.loads(raw_data)["data"]).astype("float32")
    return {"result": session.run([], {"X": data})[-1].tolist()}
"""
)
SESSION_IN_RUN = (
    _HEAD
    + """
def init():
    global model_path
    model_path = find_model()

def run(raw_data):
    data = np.array(json.loads(raw_data)["data"]).astype("float32")
    session = onnxruntime.InferenceSession(model_path)
    return {"result": session.run([], {"X": data})[-1].tolist()}
"""
)
NOTHING = """
def init():
    pass

def run(raw_data):
    return 1
"""


def make_environment(folder: Path) -> Path:
    """The environment with the vendor's server, made once; other versions make another."""
    from uv import find_uv_bin

    key = hashlib.sha256(" ".join(VENDOR).encode()).hexdigest()[:12]
    place = folder / f"vendor-{key}"
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        uv, python = find_uv_bin(), str(place / "bin/python")
        subprocess.run([uv, "venv", "--quiet", "--python", "3.11", str(place)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *VENDOR], check=True)
        (place / "done").touch()
    return place


@contextlib.contextmanager
def serve_script(
    folder: Path, source: str, case: Case, environment: Path, workers: int
) -> Iterator[Served]:
    """Onnxport's endpoint of a script."""
    shutil.rmtree(folder, ignore_errors=True)
    code = folder / "bundle/code"
    code.mkdir(parents=True)
    (code / "score.py").write_text(source)
    model = folder / "bundle/models/model/1"
    model.mkdir(parents=True)
    shutil.copy(case.file, model / "model.onnx")
    digest = _write_manifest(folder / "bundle")
    revision: dict[str, Any] = {
        "number": 1,
        "digest": digest,
        "bundle": "bundle",
        "environment": str(environment),
        "settings": {"workers": workers},
    }
    document = {
        "format": "onnxport-endpoint/1",
        "name": "script",
        "generation": 1,
        "revisions": [revision],
        "weights": {"1": 100},
    }
    (folder / "endpoint.json").write_text(json.dumps(document))
    with serve_ours(folder) as served:
        yield Served(served.url, served.pid, {}, served.seconds_to_ready)


def _write_manifest(bundle: Path) -> str:
    lock = bundle / "environment/requirements.lock"
    lock.parent.mkdir()
    lock.write_bytes(b"")
    files = [
        {
            "path": path.relative_to(bundle).as_posix(),
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(path for path in bundle.rglob("*") if path.is_file())
    ]
    manifest = {
        "format": "onnxport-bundle/1",
        "kind": "script",
        "models": [
            {
                "name": "model",
                "version": 1,
                "path": "models/model/1",
                "file": "model.onnx",
                "framework": "onnx",
            }
        ],
        "signature": None,
        "sample": None,
        "code": {"directory": "code", "entry_script": "score.py", "source_directory": None},
        "environment": {
            "python": "3.11",
            "lock": "environment/requirements.lock",
            "lock_sha256": hashlib.sha256(b"").hexdigest(),
            "platforms": [],
            "specification": None,
            "variables": {},
        },
        "files": files,
    }
    content = json.dumps(manifest, sort_keys=True).encode()
    (bundle / "bundle.json").write_bytes(content)
    return "sha256:" + hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def serve_vendor(
    folder: Path, source: str, case: Case, environment: Path, workers: int
) -> Iterator[Served]:
    """Azure ML's own inference server with the same script."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "score.py").write_text(source)
    port, health = _free_port(), _free_port()
    command = [str(environment / "bin/azmlinfsrv"), "--entry_script", "score.py"]
    shutil.copy(case.file, folder / "model.onnx")
    command += ["--model_dir", str(folder)]
    command += ["--port", str(port), "--health_port", str(health), "--worker_count", str(workers)]
    variables = {**os.environ, "AML_APP_ROOT": str(folder)}
    begun = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log)
    try:
        wait_for_answer(port, process)
        took = time.perf_counter() - begun
        yield Served(f"http://127.0.0.1:{port}/score", process.pid, {}, took)
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
