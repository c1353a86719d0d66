"""One request answered by a bundle without a server, as a program."""

import json
import subprocess
import sys
from pathlib import Path

from fake.onnx_files import save_identity


def write_bundle(bundle: Path) -> None:
    """A bundle directory as `read_manifest` takes it; sizes and digests are not looked at here."""
    signature = save_identity(bundle).signature
    files = [{"path": "models/iris/1/m.onnx", "size": 1, "sha256": "0" * 64}]
    model = {
        "name": "iris",
        "version": 1,
        "path": "models/iris/1",
        "file": "m.onnx",
        "framework": "onnx",
        "framework_version": None,
        "proof": None,
    }
    manifest = {
        "format": "onnxport-bundle/1",
        "kind": "onnx",
        "models": [model],
        "signature": signature,
        "sample": None,
        "code": None,
        "environment": None,
        "files": files,
    }
    (bundle / "bundle.json").write_text(json.dumps(manifest))


def run_once(bundle: Path, body: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "onnxport_serve.once", "--bundle", str(bundle), *arguments]
    return subprocess.run(command, input=body, capture_output=True, check=False)


def test_a_body_on_standard_input_is_answered_on_standard_output(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    done = run_once(tmp_path, b'{"data": [[1, 2, 3, 4]]}')

    assert (0, b"") == (done.returncode, done.stderr)
    assert {"result": [[1, 2, 3, 4]]} == json.loads(done.stdout)


def test_a_refusal_is_one_json_line_and_exit_code_1(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    done = run_once(tmp_path, b"\x00" * 15, "--content-type", "application/octet-stream")

    assert (1, b"", 1) == (done.returncode, done.stdout, done.stderr.count(b"\n"))
    assert "bad_request" == json.loads(done.stderr)["error"]["code"]


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    done = run_once(tmp_path, b"{}")

    assert 1 == done.returncode
    assert "invalid_document" == json.loads(done.stderr)["error"]["code"]
