"""Which files of a source folder are left out: the patterns of an `.amlignore`, written as for Git.

Source: gitignore(5), section "Pattern format".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IgnorePatterns:
    """Patterns in their order: whether each takes back (`!`), is for folders only, and what it matches."""

    rules: tuple[tuple[bool, bool, re.Pattern[str]], ...] = ()

    @classmethod
    def of(cls, lines: Iterable[str]) -> "IgnorePatterns":
        """Read the lines of a file; blank ones and comments say nothing."""
        return cls(tuple(rule for line in lines if (rule := _rule(line)) is not None))

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path below the folder (with `/`) is left out: the last pattern that matches decides."""
        for takes_back, folders_only, pattern in reversed(self.rules):
            if (is_folder or not folders_only) and pattern.fullmatch(path):
                return not takes_back
        return False


def _rule(line: str) -> tuple[bool, bool, re.Pattern[str]] | None:
    text = line.rstrip("\r\n")
    text = text if text.endswith("\\ ") else text.rstrip()
    if not text or text.startswith("#"):
        return None
    takes_back = text.startswith("!")
    text = text[1:] if text.startswith(("!", "\\#", "\\!")) else text
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    if not text:
        return None
    anchored = "/" in text
    prefix = "" if anchored else "(?:.*/)?"
    try:
        return takes_back, folders_only, re.compile(prefix + _expression(text.removeprefix("/")))
    except re.error:
        return None


def _expression(pattern: str) -> str:
    """The regular expression of a pattern."""
    found, at = "", 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/"):
            found, at = found + "(?:.*/)?", at + 3
        elif rest.startswith("**"):
            found, at = found + ".*", at + 2
        elif rest[0] == "*":
            found, at = found + "[^/]*", at + 1
        elif rest[0] == "?":
            found, at = found + "[^/]", at + 1
        elif rest[0] == "[" and (end := rest.find("]", 2)) > 0:
            inner = rest[1:end].replace("\\", "\\\\")
            inner = "^" + inner[1:] if inner[0] in "!^" else inner
            found, at = found + f"[{inner}]", at + end + 1
        elif rest[0] == "\\" and len(rest) > 1:
            found, at = found + re.escape(rest[1]), at + 2
        else:
            found, at = found + re.escape(rest[0]), at + 1
    return found
