"""What a file is, by its first and last bytes: cheap, bounded, before anything parses it."""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from onnxport.inspect.errors import (
    EmptyModelFile,
    GitLfsPointer,
    ModelFileMissing,
    ModelFileUnreadable,
    NotAnOnnxModel,
    NotARegularFile,
)

_HEAD_BYTES = 4096
_TAIL_BYTES = 65536
_LFS_MAGIC = b"version https://git-lfs.github.com/spec/"
_LFS_SIZE = re.compile(rb"^size (\d{1,19})$", re.MULTILINE)

_CONVERT = "Convert it: onnxport convert FILE."
_CONVERT_IF_KNOWN = "Convert it: onnxport convert FILE, if it is a model of a framework in: onnxport convert --list."
_FETCH_AGAIN = (
    "Download the file itself, not the page about it (look for a 'raw' or 'download' link)."
)
_UNPACK = "Unpack it and give the .onnx file or the folder."
_EXPORT = "Export the model to ONNX from its framework and give that file."

_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes for .h5", _CONVERT),
    (4, b"TFL3", "a TensorFlow Lite model", _CONVERT),
    (4, b"ORTM", "a model in the ORT format", "Give the .onnx file that it was made from."),
    (0, b"GGUF", "a GGUF model, as llama.cpp reads", _EXPORT),
    (0, b"CBM1", "a CatBoost model", _CONVERT),
    (0, b"tree\nversion=", "a LightGBM model as text", _CONVERT),
    (0, b"svm_type ", "a LIBSVM model", _CONVERT),
    (0, b"{L", "a model in UBJSON, as XGBoost writes", _CONVERT),
    (0, b"\x93NUMPY", "a NumPy array", _EXPORT),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"%PDF", "a PDF document", _EXPORT),
    (0, b"\x89PNG", "a PNG picture", _EXPORT),
    (0, b"\xff\xd8\xff", "a JPEG picture", _EXPORT),
    (0, b"SQLite format 3\x00", "an SQLite database", _EXPORT),
    (0, b"\x7fELF", "a program", _EXPORT),
)
_ZIPPED: tuple[tuple[Callable[[str], bool], str, str], ...] = (
    (lambda name: "/code/" in name or name.endswith("constants.pkl"), "a TorchScript model", _CONVERT),
    (lambda name: name.endswith("data.pkl"), "a PyTorch checkpoint", _CONVERT),
    (lambda name: name.endswith(".weights.h5"), "a Keras model", _CONVERT),
    (lambda name: name.endswith("models/model.json"), "a PyTorch exported program", _CONVERT),
    (lambda name: name == "schema.json", "a skops file, as scikit-learn models are saved", _CONVERT),
    (lambda name: name.endswith(".npy"), "an archive of NumPy arrays", _EXPORT),
    (lambda name: name.endswith(".mlmodel"), "a Core ML package", _EXPORT),
    (lambda name: name.endswith(".onnx"), "a zip archive with an ONNX file in it", _UNPACK),
)  # fmt: skip


def recognise_file(path: Path) -> int:
    """Check that the file may be an ONNX model; gives its size in bytes.

    Raises:
        UserError: a subclass that names what the file is instead; see `onnxport.inspect.errors`.
    """
    try:
        # Opening a named pipe would wait for a writer; asking first, and not blocking, waits for nobody.
        _check_kind(path, path.stat().st_mode)
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            _check_kind(path, status.st_mode)
            head = file.read(_HEAD_BYTES)
            file.seek(max(0, status.st_size - _TAIL_BYTES))
            tail = file.read(_TAIL_BYTES) if head.startswith(b"PK\x03\x04") else b""
    except (FileNotFoundError, NotADirectoryError):
        raise ModelFileMissing(path) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path is not valid"
        raise ModelFileUnreadable(path, reason) from error
    if not head:
        raise EmptyModelFile(path)
    _check_content(path, head, tail, status.st_size)
    return status.st_size


def _check_kind(path: Path, mode: int) -> None:
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFDIR: "a folder",
    }
    if not stat.S_ISREG(mode):
        raise NotARegularFile(path, kinds.get(stat.S_IFMT(mode), "something else"))


def _check_content(path: Path, head: bytes, tail: bytes, size: int) -> None:
    if head.startswith(_LFS_MAGIC):
        stated = _LFS_SIZE.search(head)
        raise GitLfsPointer(path, int(stated[1]) if stated else None)
    for offset, magic, what, hint in _MAGIC:
        if head.startswith(magic, offset):
            raise NotAnOnnxModel(path, what, hint)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise NotAnOnnxModel(path, *_recognise_zip(head, tail))
    if head[0] == 0x80 and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise NotAnOnnxModel(
            path, "a Python pickle (it is not opened: pickles run code)", _CONVERT_IF_KNOWN
        )
    if head[0] == 0x78 and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        raise NotAnOnnxModel(path, "zlib-compressed data, as joblib writes", _CONVERT_IF_KNOWN)
    if head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= size - 8:
        raise NotAnOnnxModel(path, "a safetensors file: weights without a graph", _CONVERT)
    if not any(head):
        raise NotAnOnnxModel(path, "a file of zeros", "Copy or download the file again.")
    _check_text(path, head)


def _recognise_zip(head: bytes, tail: bytes) -> tuple[str, str]:
    """What a zip archive is, from the names in its first and last records; nothing is unpacked."""
    names = [*_zip_names(head, b"PK\x03\x04", 26, 30), *_zip_names(tail, b"PK\x01\x02", 28, 46)]
    for matches, what, hint in _ZIPPED:
        if any(matches(name) for name in names):
            return what, hint
    return "a zip archive", _UNPACK


def _zip_names(data: bytes, magic: bytes, length_at: int, name_at: int) -> list[str]:
    names = []
    position = data.find(magic)
    while position >= 0:
        length = int.from_bytes(data[position + length_at : position + length_at + 2], "little")
        name = data[position + name_at : position + name_at + length]
        names.append(name.decode("utf-8", "replace"))
        position = data.find(magic, position + 4)
    return names


def _check_text(path: Path, head: bytes) -> None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = text[:256].lower()
    if lower.startswith((b"<!doctype html", b"<html", b"<head")):
        raise NotAnOnnxModel(path, "a web page (HTML)", _FETCH_AGAIN)
    if lower.startswith(b"<"):
        raise NotAnOnnxModel(path, "an XML document", _EXPORT)
    if head[0] in b"{[ \t\r\n\xef" and text[:1] in (b"{", b"["):
        raise NotAnOnnxModel(path, "a JSON document", _CONVERT_IF_KNOWN)
    if lower.startswith((b"ir_version:", b"<ir_version")):
        hint = "Save it in the binary form: onnx.save(onnx.load(FILE, format='textproto'), 'model.onnx')."
        raise NotAnOnnxModel(path, "a model in protobuf's text form", hint)
    if _is_text(head):
        raise NotAnOnnxModel(path, "a text file", _EXPORT)


def _is_text(head: bytes) -> bool:
    """Whether the bytes are UTF-8 without control characters; a protobuf's first byte is one."""
    if any(byte < 32 and byte not in b"\t\n\r\f\v" for byte in head) or 0x7F in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) == _HEAD_BYTES
    return True
