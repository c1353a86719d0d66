"""What goes between a front and its workers, byte by byte. Both sides run on one machine from one installation, so there are no versions.

front -> worker   REQUEST, meta (JSON), body        one datagram; a large body comes as a descriptor of a file instead
worker -> front   FRAME, payload                    a stream of frames
board             SLOT for every worker             the request it is at and the monotonic clock when it began
"""

from __future__ import annotations

import struct

REQUEST = struct.Struct("<QBI")
"""Number of the request, flags, bytes of meta."""
IN_FILE = 1
"""Flag: the body is in the file whose descriptor comes along."""
STOP = 2
"""Flag: no request; the worker that takes it ends."""

FRAME = struct.Struct("<cQI")
"""Kind, number of the request (0: none), bytes of payload."""
READY = b"R"
"""JSON: what the script is; see `description.py`."""
FAILED = b"F"
"""JSON: `code`, `message`, `traceback` of a script that cannot serve."""
LOG = b"L"
"""JSON: `level`, `event`, `text`."""
ANSWER = b"A"
"""RESULT, header lines, body."""

KINDS = (READY, FAILED, LOG, ANSWER)

RESULT = struct.Struct("<HBdI")
"""HTTP status, flags, milliseconds of `run()` (negative: it was not called), bytes of header lines.

Without header lines the body is JSON.
"""
RUN_FAILED = 1
"""Flag: `run()` raised."""
LEAVING = 2
"""Flag: the worker ends after this answer."""

SLOT = struct.Struct("<Qd")
"""Number of the request, seconds."""

LARGEST_INLINE = 49_152
"""Bytes of meta and body that travel in the datagram itself."""
LARGEST_MESSAGE = REQUEST.size + LARGEST_INLINE
