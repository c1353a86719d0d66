"""A bundle is exactly what its digest says, or it is refused with the file that differs."""

import hashlib
import json

import pytest
from onnxport_serve.documents import BundleError, DocumentError, verify_bundle

MODEL = b"model bytes"
MODEL_PATH = "models/iris/1/model.onnx"


@pytest.fixture
def bundle(tmp_path):
    """A bundle directory and its digest."""
    (tmp_path / "models/iris/1").mkdir(parents=True)
    (tmp_path / MODEL_PATH).write_bytes(MODEL)
    document = {
        "format": "onnxport-bundle/1",
        "kind": "onnx",
        "models": [
            {
                "name": "iris",
                "version": 1,
                "path": "models/iris/1",
                "file": "model.onnx",
                "framework": "onnx",
            }
        ],
        "signature": {"inputs": [], "outputs": []},
        "files": [
            {
                "path": MODEL_PATH,
                "size": len(MODEL),
                "sha256": hashlib.sha256(MODEL).hexdigest(),
            }
        ],
    }
    content = json.dumps(document).encode()
    (tmp_path / "bundle.json").write_bytes(content)
    return tmp_path, "sha256:" + hashlib.sha256(content).hexdigest()


def test_a_whole_bundle_gives_its_manifest(bundle):
    directory, digest = bundle
    assert verify_bundle(directory, digest).models[0].name == "iris"


def _extra(directory):
    (directory / "models/iris/notes.txt").touch()


def _link(directory):
    (directory / "elsewhere").write_bytes(MODEL)
    (directory / MODEL_PATH).unlink()
    (directory / MODEL_PATH).symlink_to(directory / "elsewhere")


def _linked_inside(directory):
    """A link in the place of a file, with nothing extra to give it away."""
    (directory / MODEL_PATH).unlink()
    (directory / MODEL_PATH).symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: (d / MODEL_PATH).write_bytes(b"model bytez"), "has changed (SHA-256 differs)"),
        (lambda d: (d / MODEL_PATH).write_bytes(MODEL + b"!"), "has 12 bytes instead of 11"),
        (lambda d: (d / MODEL_PATH).unlink(), f"the file '{MODEL_PATH}' is missing"),
        (_extra, "the file 'models/iris/notes.txt' is extra"),
        (_link, "'elsewhere' is extra"),
        (_linked_inside, f"the file '{MODEL_PATH}' cannot be read"),
        (lambda d: (d / "bundle.json").write_bytes(b"{}"), "bundle.json has the digest sha256:"),
    ],
    ids=["changed byte", "longer", "missing", "extra", "extra and link", "link", "manifest"],
)
def test_a_changed_bundle_is_refused_with_the_file(bundle, change, message):
    directory, digest = bundle
    change(directory)
    with pytest.raises(BundleError) as caught:
        verify_bundle(directory, digest)
    assert message in caught.value.message
    assert caught.value.remedy


def test_a_bundle_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DocumentError, match="cannot be read"):
        verify_bundle(tmp_path / "none", "sha256:" + "0" * 64)
