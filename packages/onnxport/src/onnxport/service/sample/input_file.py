"""Input files that people give (`--input`, `--sample`): from a file to the body of a `/score` request.

JSON goes as it is, but for a bare list, which is the value of the only input. Arrays (`.npy`, `.npz`), tables (`.csv`,
`.tsv`) and pictures are fitted to the model's signature, see `sample_arrays` and `sample_image`; those are imported when needed, NumPy
and Pillow with them.
"""

import codecs
import json
import os
import sys
from pathlib import Path

from onnxport.domain.signature import Signature
from onnxport.service.sample.errors import InputUnreadable, UnusableInput

JSON_TYPE = "application/json"
STANDARD_INPUT = Path("-")
MAX_BYTES = 512 * 1024 * 1024

_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_RAW_TYPES = {
    ".json": JSON_TYPE,
    ".npy": "application/x-npy",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".wav": "audio/wav",
}
_TABLES = {".csv": ",", ".tsv": "\t"}


def read_sample(path: Path, signature: Signature, *, scale: float = 1.0) -> tuple[bytes, str]:
    """The body and content type of a `/score` request for an input file; `-` reads standard input.

    Args:
        path: a JSON document, an array (`.npy`, or `.npz` with the inputs' names), a table (`.csv`, `.tsv`) or a picture.
            Arrays, archives and pictures are known by their content, tables by their suffix.
        signature: what the model takes.
        scale: factor for the values 0..255 of a picture's pixels.

    Raises:
        InputUnreadable: there is no such file, or it cannot be read.
        UnusableInput: its content does not fit the signature.
    """
    data = _read(path).removeprefix(codecs.BOM_UTF8)
    suffix = path.suffix.lower()
    if data.startswith(b"\x93NUMPY"):
        from onnxport.service.sample.arrays import body_of_array

        return body_of_array(path, data, signature)
    if data.startswith(b"PK\x03\x04"):
        from onnxport.service.sample.arrays import body_of_archive

        return body_of_archive(path, data, signature)
    if _is_picture(data):
        from onnxport.service.sample.image import body_of_picture

        return body_of_picture(path, data, signature, scale)
    if suffix in _TABLES:
        from onnxport.service.sample.table import body_of_table

        return body_of_table(path, data, signature, delimiter=_TABLES[suffix])
    return _json_body(path, data, signature), JSON_TYPE


def is_picture(path: Path) -> bool:
    """Whether a file is a picture, by its content; a file that cannot be read is none."""
    try:
        with path.expanduser().open("rb") as file:
            return _is_picture(file.read(16))
    except (OSError, ValueError):
        return False


def read_raw(path: Path) -> tuple[bytes, str]:
    """The bytes of an input file as they are, and the content type that its suffix tells; `-` reads standard input, taken as JSON.

    For scoring code, which decides itself what it reads.

    Raises:
        InputUnreadable: there is no such file, or it cannot be read.
    """
    data = _read(path)
    if path == STANDARD_INPUT:
        return data, JSON_TYPE
    return data, _RAW_TYPES.get(path.suffix.lower(), "application/octet-stream")


def _read(path: Path) -> bytes:
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.expanduser().open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputUnreadable(path, error.strerror or os.strerror(error.errno or 0)) from error
    except ValueError as error:
        raise InputUnreadable(path, "the path is not valid") from error
    if len(data) > MAX_BYTES:
        raise InputUnreadable(path, f"it is larger than {MAX_BYTES // 1024**2} MiB")
    return data


def _is_picture(data: bytes) -> bool:
    return data.startswith(_PICTURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _json_body(path: Path, data: bytes, signature: Signature) -> bytes:
    """The document as it is written, so that no digit changes; a bare list as `data` of the only input."""
    document = _load_json(path, data)
    required = [value for value in signature.inputs if value.required]
    is_value = isinstance(document, list) and document and not isinstance(document[0], dict)
    if is_value and 1 in (len(required), len(signature.inputs)):
        return b'{"data": %b}' % data.strip()
    return data


def _load_json(path: Path, data: bytes) -> object:
    try:
        return json.loads(data.decode())
    except json.JSONDecodeError as error:
        if not data.strip():
            raise UnusableInput(path, "it is empty") from None
        where = f"line {error.lineno}, column {error.colno}"
        raise UnusableInput(
            path, f"it is not JSON ({error.msg} at {where}), nor another kind that is known"
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise UnusableInput(path, "it is not of a kind that is known") from error
