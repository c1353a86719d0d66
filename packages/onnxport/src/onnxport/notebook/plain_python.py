"""Cells as plain Python: IPython's magics, shell commands and questions taken out of them.

The syntax: the chapter "IPython reference" of its documentation.
"""

import re

_CELL_MAGIC = re.compile(r"%%(\w+)")
_PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "debug", "memit", "python", "python3"}
_SPECIAL = re.compile(r"(\s*)(?:[!%]|\?)|(\s*)[\w.]+\?{1,2}\s*$")
_ASSIGNED = re.compile(r"(\s*[\w, ]+=\s*)[!%].*")
_INSTALLING = re.compile(r"\s*[!%]\s*(?:python3?\s+-m\s+)?pip3?\s+install\s+(.*)")


def plain_python(source: str) -> str:
    """The source with what only IPython understands replaced by statements that do nothing; empty for a cell in another language."""
    lines = source.lstrip().splitlines()
    if not lines:
        return ""
    magic = _CELL_MAGIC.match(lines[0])
    if magic is not None:
        return "\n".join(map(_plain, lines[1:])) if magic[1] in _PYTHON_MAGICS else ""
    return "\n".join(map(_plain, lines))


def installed_words(source: str) -> list[str]:
    """What `!pip install` and `%pip install` in a cell name, options left out."""
    found = [match[1] for line in source.splitlines() if (match := _INSTALLING.match(line))]
    words = [word.strip("\"'") for text in found for word in text.partition("#")[0].split()]
    return [word for word in words if word and not word.startswith("-")]


def _plain(line: str) -> str:
    if assigned := _ASSIGNED.fullmatch(line):
        return f"{assigned[1]}None"
    special = _SPECIAL.match(line)
    return f"{special[1] or special[2] or ''}pass" if special else line
