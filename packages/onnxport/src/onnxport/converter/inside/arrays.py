"""Arrays in files: one archive without compression, in which they have numbers for names, because theirs may be any text."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any


def read_arrays(file: Path | IO[bytes], names: list[str]) -> dict[str, Any]:
    """The arrays of a file, under these names, in the order in which they were written."""
    import numpy as np

    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[f"a{position}"] for position, name in enumerate(names)}


def write_arrays(path: Path, values: list[Any]) -> None:
    """Write arrays; what is in arrays of objects becomes text. When the file is there it is whole."""
    import numpy as np

    arrays = [np.asarray(value) for value in values]
    plain = [array.astype(str) if array.dtype == object else array for array in arrays]
    named: Any = {f"a{position}": array for position, array in enumerate(plain)}
    beside = path.with_name("part-" + path.name)
    np.savez(beside, **named)
    beside.rename(path)
