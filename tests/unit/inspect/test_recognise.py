"""Files that are no ONNX models are named for what they are, by their content."""

import gzip
import os
import pickle
import socket
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fake.onnx_models import make_model
from onnxport.errors import UserError
from onnxport.inspect import errors
from onnxport.inspect.locate import find_model_file
from onnxport.inspect.recognise import recognise_file


def zipped(*names: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"content")

    return write


def holding(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


def tarred(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.add(__file__)


SAFETENSORS = b'{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'


@pytest.mark.parametrize(
    ("write", "what", "hint"),
    [
        pytest.param(zipped("model/data.pkl", "model/version"), "PyTorch checkpoint", "torch.onnx", id="pytorch"),
        pytest.param(zipped("m/data.pkl", "m/code/__torch__.py"), "TorchScript", "torch.onnx", id="torchscript"),
        pytest.param(zipped("metadata.json", "config.json", "model.weights.h5"), "Keras", "model.export", id="keras"),
        pytest.param(zipped("schema.json", "1.npy"), "skops", "onnxport convert", id="skops"),
        pytest.param(zipped("a.npy"), "NumPy arrays", "Export", id="npz"),
        pytest.param(zipped("folder/model.onnx"), "ONNX file in it", "Unpack", id="zipped onnx"),
        pytest.param(zipped("a"), "zip archive", "Unpack", id="zip"),
        pytest.param(holding(pickle.dumps({"a": 1})), "pickle", "onnxport convert", id="pickle"),
        pytest.param(holding(b"\x89HDF\r\n\x1a\n" + bytes(100)), "HDF5", "Keras", id="h5"),
        pytest.param(holding(b"\x1c\0\0\0TFL3" + bytes(100)), "TensorFlow Lite", "tf2onnx", id="tflite"),
        pytest.param(holding(b"\x1c\0\0\0ORTM" + bytes(100)), "ORT format", ".onnx", id="ort"),
        pytest.param(holding(len(SAFETENSORS).to_bytes(8, "little") + SAFETENSORS + bytes(4)), "safetensors", "Export", id="safetensors"),
        pytest.param(holding(b"GGUF\x03\0\0\0"), "GGUF", "Export", id="gguf"),
        pytest.param(holding(b"\r\n <!DOCTYPE html><title>404</title>"), "web page", "Download", id="html"),
        pytest.param(holding(b"<?xml version='1.0'?><PMML/>"), "XML", "Export", id="xml"),
        pytest.param(holding(b' {"message": "not found"}'), "JSON", "Export", id="json"),
        pytest.param(holding(b'ir_version: 8\nproducer_name: "x"'), "text form", "binary", id="textproto"),
        pytest.param(holding(b"this is not a valid onnx model"), "text file", "Export", id="text"),
        pytest.param(holding("über".encode() * 3000), "text file", "Export", id="long text"),
        pytest.param(holding(gzip.compress(b"x")), "gzip", "Unpack", id="gzip"),
        pytest.param(tarred, "tar archive", "Unpack", id="tar"),
        pytest.param(holding(bytes(5000)), "zeros", "again", id="zeros"),
        pytest.param(holding(b"\x89PNG\r\n\x1a\n"), "PNG", "Export", id="png"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named(
    tmp_path: Path, write: Callable[[Path], None], what: str, hint: str
) -> None:
    path = tmp_path / "model.onnx"
    write(path)

    with pytest.raises(errors.NotAnOnnxModel, match=what) as refused:
        recognise_file(path)

    assert hint in refused.value.remedy


def test_a_git_lfs_pointer_names_the_command_that_fetches_the_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:5c68\nsize 26143\n")

    with pytest.raises(errors.GitLfsPointer, match="26,143 bytes") as refused:
        recognise_file(path)

    assert "git lfs pull" in refused.value.remedy


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()

    with pytest.raises(errors.EmptyModelFile):
        recognise_file(tmp_path / "model.onnx")


def test_a_model_gives_its_size(tmp_path: Path) -> None:
    content = make_model().SerializeToString()
    (tmp_path / "m").write_bytes(content)

    assert len(content) == recognise_file(tmp_path / "m")


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(errors.NotARegularFile, match="named pipe"):
        recognise_file(tmp_path / "pipe")


def test_devices_sockets_and_folders_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        for path, kind in ((Path("/dev/zero"), "device"), (Path("s"), "socket"), (tmp_path, "folder")):  # fmt: skip
            with pytest.raises(errors.NotARegularFile, match=kind):
                recognise_file(path)


@pytest.mark.parametrize(
    "name", ["missing", "file/below", "line\nbreak", "nul\0", "n" * 300, "\udcff"], ids=repr
)
def test_paths_that_lead_nowhere_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UserError) as refused:
        recognise_file(tmp_path / name)

    assert refused.value.message.isprintable()


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")

    with pytest.raises(errors.ModelFileUnreadable, match="Permission denied"):
        recognise_file(path)


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    with pytest.raises(UserError):
        recognise_file(tmp_path / "a")


def test_a_folder_means_its_only_model(tmp_path: Path) -> None:
    (tmp_path / "net.ONNX").touch()
    (tmp_path / ".hidden.onnx").touch()
    (tmp_path / "net.onnx.data").touch()

    assert tmp_path / "net.ONNX" == find_model_file(tmp_path)


def test_a_folder_with_several_models_is_refused_with_their_names(tmp_path: Path) -> None:
    for name in ("encoder.onnx", "decoder.onnx"):
        (tmp_path / name).touch()

    with pytest.raises(errors.SeveralModelsInFolder, match=r"decoder\.onnx, encoder\.onnx"):
        find_model_file(tmp_path)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("saved_model.pb", "onnxport convert"),
        ("model.safetensors", "optimum"),
        ("readme", ".onnx file"),
    ],
)
def test_a_folder_without_a_model_says_what_it_is(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / name).touch()

    with pytest.raises(errors.NoModelInFolder) as refused:
        find_model_file(tmp_path)

    assert hint in refused.value.remedy
