"""What a script may want to know of a request besides its body."""

from __future__ import annotations

import json
from collections.abc import Mapping

_SECRET = frozenset({b"authorization"})


def meta_of(method: bytes, target: bytes, headers: Mapping[bytes, bytes], request_id: str) -> bytes:
    """The JSON form that workers read (`worker/inputs.py`). The key that opened the endpoint stays here."""
    pairs = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers.items()
        if name not in _SECRET
    ]
    return json.dumps(
        {
            "method": method.decode("latin-1"),
            "target": target.decode("latin-1"),
            "headers": pairs,
            "id": request_id,
        }
    ).encode()
