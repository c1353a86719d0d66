"""Bounds of the process that reads a model: memory and time, derived from what has to be read."""

from dataclasses import dataclass

_MIB = 1024 * 1024
MAX_FILE_BYTES = 2**31 - 1
"""Protobuf's limit for one message."""

MAX_REPORT_BYTES = 64 * _MIB
"""An inspection larger than this is not worth showing to anybody."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Address space in bytes and seconds of wall clock for one step."""

    memory_bytes: int
    seconds: float


def reading_limits(file_bytes: int) -> Limits:
    """For parsing the graph: the file is mapped, large weights are skipped, the rest is held about three times."""
    return Limits(768 * _MIB + 5 * file_bytes, 20 + file_bytes / (50 * _MIB))


def loading_limits(total_bytes: int) -> Limits:
    """For creating a session: weights may be copied, packed and folded, so several times their size."""
    return Limits(4096 * _MIB + 6 * total_bytes, 60 + total_bytes / (20 * _MIB))
