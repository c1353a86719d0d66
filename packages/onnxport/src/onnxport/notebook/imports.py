"""Which modules the cells of a notebook import."""

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from onnxport.notebook.plain_python import plain_python

_IMPORT = re.compile(
    r"^\s*(?:from\s+([A-Za-z_][\w.]*)\s+import\b|import\s+([A-Za-z_][\w.]*))", re.MULTILINE
)
_MATPLOTLIB = re.compile(r"^\s*%(?:matplotlib|pylab)\b", re.MULTILINE)
_MOST_BYTES = 1_000_000


def imported_modules(sources: Iterable[str], folder: Path) -> list[str]:
    """The dotted names of the modules that cells import, sorted; those of Python itself and those that lie in the folder are left out.

    Args:
        sources: the sources of the cells.
        folder: where the notebook lies; modules there are looked into as well.
    """
    found: set[str] = set()
    waiting = [name for source in sources for name in _of_cell(source)]
    looked_into: set[Path] = set()
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        file = folder / f"{top}.py"
        if file.is_file():
            if file not in looked_into:
                looked_into.add(file)
                waiting += _of_code(_read(file))
        elif not (folder / top).is_dir() or not any((folder / top).glob("*.py")):
            found.add(name)
    return sorted(found)


def _of_cell(source: str) -> Iterator[str]:
    if _MATPLOTLIB.search(source):
        yield "matplotlib"
    yield from _of_code(plain_python(source))


def _of_code(code: str) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from (match[1] or match[2] for match in _IMPORT.finditer(code))
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
