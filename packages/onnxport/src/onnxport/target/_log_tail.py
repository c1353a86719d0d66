"""The last lines of a log file, read from its end."""

from pathlib import Path

_BLOCK = 1 << 16


def last_lines(path: Path, lines: int) -> list[str]:
    """At most `lines` last lines, oldest first; none where the file does not exist."""
    try:
        with path.open("rb") as file:
            position = file.seek(0, 2)
            tail = b""
            while position > 0 and tail.count(b"\n") <= lines:
                start = max(0, position - _BLOCK)
                file.seek(start)
                tail = file.read(position - start) + tail
                position = start
    except FileNotFoundError:
        return []
    return tail.decode("utf-8", "replace").splitlines()[-lines:] if lines > 0 else []
