"""Reading the query of a request."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def parse_query(query: str) -> list[tuple[str, str]]:
    """Names and values in their order; what is no UTF-8 stays percent-encoded, as Azure ML's inference server has it."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return [(_encoded(name), _encoded(value)) for name, value in pairs]


def _encoded(text: str) -> str:
    return _NOT_UTF8.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", text)
