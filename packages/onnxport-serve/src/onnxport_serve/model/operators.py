"""Which operators a model has, found as bytes of its file (`NodeProto.op_type`).

Parsing a model only for this would cost memory and a dependency; whoever asks must be able to live with a false alarm.
"""

from __future__ import annotations

import mmap
from pathlib import Path

_OP_TYPE = b"\x22"


def find_operator(file: Path, operators: tuple[str, ...]) -> str | None:
    """The first of these operators that the file has."""
    with (
        file.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        for operator in operators:
            name = operator.encode()
            if content.find(_OP_TYPE + bytes((len(name),)) + name) >= 0:
                return operator
    return None
