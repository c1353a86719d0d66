"""An endpoint directory around a model, and the processes that serve it: `python -m onnxport_serve`."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.models import Case

KEY = "benchmark-key-0123456789-0123456789-0123456789"
_PATIENCE_S = 60


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    pid: int
    headers: dict[str, str]
    seconds_to_ready: float


def fresh_environment() -> dict[str, str]:
    """The environment of a user: compiled modules are kept, log lines only when something is wrong."""
    environment = {**os.environ, "ONNXPORT_LOG_LEVEL": "warning"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def write_endpoint(directory: Path, case: Case, settings: dict[str, Any]) -> None:
    """Write `endpoint.json` and a bundle as the control plane does: keys required, usual limits."""
    shutil.rmtree(directory, ignore_errors=True)
    bundle = directory / "bundle"
    digest = _write_bundle(bundle, case)
    revision = {
        "number": 1,
        "digest": digest,
        "bundle": "bundle",
        "resources": {"cpu": None, "memory_mb": None},
        "settings": settings,
    }
    accepted = [
        {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest()}
        for name, key in (("primary", KEY), ("secondary", KEY[::-1]))
    ]
    document = {
        "format": "onnxport-endpoint/1",
        "name": case.name,
        "generation": 1,
        "revisions": [revision],
        "weights": {"1": 100},
        "mirror": None,
        "keys": {"required": True, "accepted": accepted},
        "limits": {},
        "http": {},
        "capture": None,
        "listen": {"host": "127.0.0.1", "port": 0, "unix_socket": None, "fronts": 1},
    }
    (directory / "endpoint.json").write_text(json.dumps(document))


def _write_bundle(bundle: Path, case: Case) -> str:
    file = bundle / "models" / case.name / "1" / "model.onnx"
    file.parent.mkdir(parents=True)
    shutil.copyfile(case.file, file)
    model = {
        "name": case.name,
        "version": 1,
        "path": f"models/{case.name}/1",
        "file": "model.onnx",
        "framework": "onnx",
        "framework_version": None,
        "proof": None,
    }
    takes = {"type": "tensor", "dtype": "float32", "shape": ["N", *case.shape[1:]]}
    signature = {
        "inputs": [{"name": "X", "type": takes, "required": True}],
        "outputs": [
            {
                "name": name,
                "type": {"type": "tensor", "dtype": dtype, "shape": shape},
                "required": True,
            }
            for name, dtype, shape in case.outputs
        ],
    }
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    manifest = {
        "format": "onnxport-bundle/1",
        "kind": "onnx",
        "models": [model],
        "signature": signature,
        "sample": None,
        "code": None,
        "environment": None,
        "files": [
            {
                "path": file.relative_to(bundle).as_posix(),
                "size": file.stat().st_size,
                "sha256": sha256,
            }
        ],
    }
    content = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (bundle / "bundle.json").write_bytes(content.encode())
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


@contextlib.contextmanager
def serve_ours(directory: Path) -> Iterator[Served]:
    """Start the endpoint's supervisor and wait for the first 200."""
    (directory / "status.json").unlink(missing_ok=True)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "onnxport_serve", "--directory", str(directory)]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, env=fresh_environment(), stderr=log)
    try:
        port = _wait_for_port(directory / "status.json", process)
        url = f"http://127.0.0.1:{port}/score"
        yield Served(
            url, process.pid, {"Authorization": f"Bearer {KEY}"}, time.perf_counter() - begun
        )
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def serve_fastapi(case: Case, port: int) -> Iterator[Served]:
    """Start the usual server: FastAPI and uvicorn, standard-library JSON, one worker."""
    begun = time.perf_counter()
    environment = {**fresh_environment(), "BENCH_MODEL": str(case.file)}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "bench.fastapi_app:app"),
            *("--port", str(port), "--log-level", "warning", "--no-access-log"),
        ],
        env=environment,
    )
    try:
        wait_for_answer(port, process)
        url = f"http://127.0.0.1:{port}/score"
        yield Served(url, process.pid, {}, time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(20)


def wait_for_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    """Poll until a GET is answered at all."""
    import http.client

    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"a server ended with exit code {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError):
            connection.request("GET", "/")
            connection.getresponse()
            return
        time.sleep(0.002)
    raise SystemExit("a server did not answer in time")


def _wait_for_port(status: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the endpoint ended with exit code {process.returncode}")
        with contextlib.suppress(OSError, ValueError):
            document = json.loads(status.read_text())
            if document["state"] == "ready":
                port = int(document["address"]["port"])
                wait_for_answer(port, process)
                return port
            if document["state"] == "failed":
                raise SystemExit(f"the endpoint failed: {document['error']}")
        time.sleep(0.001)
    raise SystemExit("the endpoint was not ready in time")
