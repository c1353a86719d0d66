"""Reading the bytes of a specification, within bounds, as text."""

import codecs
import os
from pathlib import Path

from onnxport.environment.specification_errors import SpecificationUnreadable

MOST_BYTES = 4_000_000
"""A requirements file with the hashes of five hundred packages has about one million bytes."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",  # what PowerShell writes for `pip freeze > requirements.txt`
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_source(path: Path) -> bytes:
    """The bytes of a regular file of a sensible size; raises `SpecificationUnreadable`."""
    try:
        if path.exists() and not path.is_file():
            raise SpecificationUnreadable(path.name, "it is not a file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
        raise SpecificationUnreadable(path.name, reason.lower()) from error
    if len(content) > MOST_BYTES:
        raise SpecificationUnreadable(path.name, f"it is larger than {MOST_BYTES // 10**6} MB")
    return content


def local_path(folder: Path, text: str) -> Path:
    """The path that a text in a file of this folder names."""
    return folder / os.path.expanduser(text)  # noqa: PTH111 - Path's own fails for unknown users


def decode(name: str, content: bytes) -> str:
    """The text of the bytes of a file; raises `SpecificationUnreadable`."""
    encoding = next((e for mark, e in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SpecificationUnreadable(name, "it is not text") from error
    if "\0" in text:
        raise SpecificationUnreadable(name, "it is not text")
    return "\n".join(text.splitlines())
